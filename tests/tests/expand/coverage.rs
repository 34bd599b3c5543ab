//! That no attribute and no argument is without a snapshot. What there is, the macros say themselves: each attribute that
//! is given an argument it does not know lists those that it does.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use commandbus::expansion_of;
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use crate::{DOCUMENTED, case::Case};

/// Every attribute with an argument that none of them has.
const WITH_UNKNOWN_ARGUMENTS: &str = expansion_of! {
    #[command(unheard_of)]
    struct DebitAccount {
        #[command(unheard_of)]
        card: String,
    }

    #[handler(unheard_of)]
    async fn debit_account(command: DebitAccount) {}

    #[handler_set(unheard_of)]
    impl Payments {}

    #[batch(unheard_of = 1)]
    struct Settlement;

    #[process(unheard_of)]
    impl Transfer {
        #[step(unheard_of)]
        fn debit(&self) -> DebitAccount {}
        #[on(unheard_of)]
        fn debited(&mut self, reply: Receipt) {}
        #[undo(unheard_of)]
        fn refund(&self) -> Refund {}
    }

    #[derive(HandlerError)]
    #[handler_error(unheard_of)]
    enum DebitError {
        #[transient(unheard_of)]
        Busy,
        #[permanent(unheard_of)]
        Closed,
        #[business_rule(unheard_of)]
        Insufficient,
        #[inherit(unheard_of)]
        Inside(LedgerError),
    }
};

/// An attribute as it is called in messages, and one of its arguments.
type Argument = (String, String);

/// The arguments that an attribute says it takes; `None` when it was not asked.
fn arguments_of(attribute: &str) -> Option<BTreeSet<String>> {
    let (_, usage) = WITH_UNKNOWN_ARGUMENTS.split_once(&format!("{attribute} takes "))?;
    let (usage, _) = usage.split_once('"')?;
    let quoted = usage.split('`').skip(1).step_by(2);
    Some(quoted.filter(|word| syn::parse_str::<TokenStream>(word).is_ok_and(is_word)).map(str::to_owned).collect())
}

fn is_word(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter();
    matches!((tokens.next(), tokens.next()), (Some(TokenTree::Ident(_)), None))
}

/// The attributes that the macro crate declares or has a grammar for.
fn attributes() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("commandbus-macros/src");
    let mut found = BTreeSet::new();
    for path in files(&source) {
        let code = fs::read_to_string(path).unwrap();
        let grammars = code.split("attribute: \"").skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(grammars.map(str::to_owned));
    }
    for item in syn::parse_file(&fs::read_to_string(source.join("lib.rs")).unwrap()).unwrap().items {
        let syn::Item::Fn(function) = item else { continue };
        // One for generated code alone takes no arguments of a user.
        if function.sig.ident.to_string().starts_with("__") {
            continue;
        }
        for attribute in &function.attrs {
            if attribute.path().is_ident("proc_macro_attribute") {
                found.insert(format!("`#[{}]`", function.sig.ident));
            }
            if attribute.path().is_ident("proc_macro_derive") {
                let helpers = attribute.meta.require_list().unwrap().tokens.clone().into_iter().find_map(group);
                found.extend(words(helpers.unwrap()).map(|helper| format!("`#[{helper}]`")));
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn group(token: TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    }
}

fn words(tokens: TokenStream) -> impl Iterator<Item = String> {
    tokens.into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    })
}

/// The attributes on the items of the cases, and what each is given.
#[derive(Default)]
struct Reader {
    in_field: bool,
    attributes: BTreeSet<String>,
    arguments: BTreeSet<Argument>,
}

impl Reader {
    fn of(cases: &[&[Case]]) -> Self {
        let mut reader = Self::default();
        cases.iter().copied().flatten().for_each(|case| reader.visit_file(&case.parsed()));
        reader
    }
}

impl Visit<'_> for Reader {
    fn visit_field(&mut self, field: &syn::Field) {
        self.in_field = true;
        visit::visit_field(self, field);
        self.in_field = false;
    }

    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        let Some(name) = attribute.path().get_ident() else { return };
        let name = if self.in_field { format!("`#[{name}]` on a field") } else { format!("`#[{name}]`") };
        if let syn::Meta::List(list) = &attribute.meta {
            let mut first = true;
            for token in list.tokens.clone() {
                if let TokenTree::Ident(argument) = &token
                    && first
                {
                    self.arguments.insert((name.clone(), argument.to_string()));
                }
                first = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == ',');
            }
        }
        self.attributes.insert(name);
    }
}

#[test]
fn every_argument_of_every_attribute_has_a_snapshot() {
    let shown = Reader::of(&DOCUMENTED);
    let mut arguments = 0;
    for attribute in attributes() {
        assert!(shown.attributes.contains(&attribute), "{attribute} has no snapshot: add a case");
        let known = arguments_of(&attribute);
        for argument in known.unwrap_or_else(|| panic!("{attribute} was not asked: add it to the items above")) {
            arguments += 1;
            let shown = shown.arguments.contains(&(attribute.clone(), argument.clone()));
            assert!(shown, "`{argument}` of {attribute} has no snapshot: add a case");
        }
    }
    assert!(arguments > 25, "only {arguments} arguments were found: are the messages read at all?");
}

#[test]
fn nothing_names_the_library_but_by_the_given_path() {
    for cases in DOCUMENTED {
        let elsewhere: Vec<_> =
            cases.iter().filter(|case| case.written().contains("crate = ::platform::bus")).collect();
        assert!(!elsewhere.is_empty(), "{} has no case with `crate = ..`", cases[0].of());
        for case in elsewhere {
            assert!(!case.expansion.contains("commandbus"), "{}", case.expansion);
        }
    }
}
