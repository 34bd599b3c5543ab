//! The floors of the library, the length of every file, and what the documentation names: tests, files.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The modules of the library by floor, the lowest first: each uses what is below it, and nothing else of ours.
const FLOORS: [&[&str]; 9] = [
    &["error", "telemetry"],
    &["message"],
    &["store"],
    &["bus"],
    &["handler"],
    &["worker"],
    &["process"],
    &["catalog", "ops", "testing"],
    &["lib", "prelude", "private", "macros"],
];

/// Stands beside the floors, on the lowest: nothing but names is made of it.
const BESIDE: &str = "embedded";

/// What the root names, and who makes it.
const IN_THE_ROOT: [(&str, &str); 3] = [("__private", "private"), ("HandlerError", "message"), ("handlers", "macros")];

const LONGEST_FILE: usize = 500;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The files below a folder that end in one of `extensions`, without what the compiler leaves.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') && !path.is_symlink() {
                found.extend(files(&path, extensions));
            }
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|one| extension == *one)) {
            found.push(path);
        }
    }
    found
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Whether `user` may name `used`.
fn may_use(user: &str, used: &str) -> bool {
    let (Some(from), Some(to)) = (floor_of(user), floor_of(used)) else {
        return user == BESIDE && floor_of(used) == Some(0) || user == "lib";
    };
    // The last floor holds only names, of one another too.
    user == used || to < from || from == FLOORS.len() - 1
}

/// The modules that a file names through `crate::` and `super::`, and the modules that it declares for tests only.
#[derive(Default)]
struct Reader {
    /// Where the file is: `["bus", "batch"]` for `bus/batch.rs`.
    module: Vec<String>,
    used: Vec<String>,
    for_tests: Vec<String>,
}

impl Reader {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += if is_for_tests(rest) { self.skip_item(rest) } else { self.path_or_token(rest) };
        }
    }

    /// Passes over an item for tests; returns its length.
    fn skip_item(&mut self, tokens: &[TokenTree]) -> usize {
        if let Some(declared) = tokens.iter().position(|token| is_word(token, "mod")) {
            self.for_tests.push(tokens[declared + 1].to_string());
        }
        let last = tokens.iter().position(|token| {
            is_sign(token, ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        });
        last.map_or(tokens.len(), |last| last + 1)
    }

    /// Notes what a path from the root names, or goes into a group; returns how many tokens that were.
    fn path_or_token(&mut self, tokens: &[TokenTree]) -> usize {
        if let TokenTree::Group(group) = &tokens[0] {
            self.read(group.stream());
            return 1;
        }
        let mut climbed = 0;
        let mut at = 0;
        while is_word_of_path(&tokens[at..], "super") {
            climbed += 1;
            at += 3;
        }
        let from_root = is_word_of_path(tokens, "crate") || is_word_of_path(tokens, "commandbus");
        if from_root {
            at = 3;
        } else if climbed == 0 || climbed < self.module.len() {
            return at.max(1);
        }
        match &tokens[at] {
            TokenTree::Ident(name) => {
                self.used.push(name.to_string());
                at + 1
            }
            TokenTree::Group(group) => {
                self.name_each(group.stream());
                at + 1
            }
            _ => at,
        }
    }

    /// Notes the first word of each path in `{one::.., two::{..}}`.
    fn name_each(&mut self, tokens: TokenStream) {
        let mut first = true;
        for token in tokens {
            if let TokenTree::Ident(name) = &token
                && first
            {
                self.used.push(name.to_string());
            }
            first = is_sign(&token, ',');
        }
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if *ident == word)
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// `word ::`
fn is_word_of_path(tokens: &[TokenTree], word: &str) -> bool {
    matches!(tokens, [first, colon, second, ..] if is_word(first, word) && is_sign(colon, ':') && is_sign(second, ':'))
}

/// `#[cfg(test)]`
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [hash, TokenTree::Group(attribute), ..]
        if is_sign(hash, '#') && attribute.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// The path of the module that a file of `src` holds.
fn module_of(file: &Path, src: &Path) -> Vec<String> {
    let path = file.strip_prefix(src).unwrap().with_extension("");
    path.iter().map(|part| part.to_str().unwrap().to_owned()).collect()
}

#[test]
fn imports_only_go_down_the_floors() {
    let src = repository().join("commandbus/src");
    let mut readers = HashMap::new();
    for file in files(&src, &["rs"]) {
        let mut reader = Reader { module: module_of(&file, &src), ..Reader::default() };
        reader.read(fs::read_to_string(&file).unwrap().parse().unwrap());
        readers.insert(reader.module.clone(), reader);
    }
    let for_tests: Vec<Vec<String>> = readers
        .values()
        .flat_map(|reader| reader.for_tests.iter().map(|child| reader.module.iter().chain([child]).cloned().collect()))
        .collect();

    let mut wrong = Vec::new();
    let mut seen = 0;
    for reader in readers.values().filter(|reader| !for_tests.iter().any(|path| reader.module.starts_with(path))) {
        let user = &reader.module[0];
        assert!(floor_of(user).is_some() || user == BESIDE, "`{user}` is on no floor: give it one");
        for used in &reader.used {
            let used = IN_THE_ROOT.iter().find(|(name, _)| name == used).map_or(used.as_str(), |(_, maker)| maker);
            seen += 1;
            if !may_use(user, used) {
                wrong.push(format!("{} uses {used}", reader.module.join("::")));
            }
        }
    }
    wrong.sort();
    assert_eq!(wrong, [] as [String; 0]);
    assert!(seen > 100, "only {seen} paths were found: are they read at all?");
}

#[test]
fn every_floor_is_told_from_the_ones_above() {
    let used_by = |module: &[&str], source: &str| {
        let module = module.iter().map(ToString::to_string).collect();
        let mut reader = Reader { module, ..Reader::default() };
        reader.read(source.parse().unwrap());
        reader.used
    };
    assert_eq!(used_by(&["bus", "sent"], "use crate::{error::E, store::{self, Page}};"), ["error", "store"]);
    assert_eq!(
        used_by(&["bus", "sent"], "fn f() -> crate::message::Id { warn!(x = crate::ops::X) }"),
        ["message", "ops"]
    );
    assert_eq!(used_by(&["bus", "sent"], "use super::Bus; use super::super::worker::W;"), ["worker"]);
    assert_eq!(used_by(&["bus"], "#[cfg(test)] mod tests { use crate::ops; } use crate::error;"), ["error"]);
    assert!(may_use("worker", "bus") && may_use("bus", "bus") && !may_use("bus", "worker"));
    assert!(may_use("prelude", "macros") && !may_use("ops", "prelude"));
    assert!(!may_use("error", "telemetry") && may_use("embedded", "error") && !may_use("embedded", "store"));
    assert!(!may_use("store", "embedded") && !may_use("bus", "unheard_of"));
}

#[test]
fn no_file_has_two_subjects() {
    let files = files(repository(), &["rs", "sql"]);
    assert!(files.iter().any(|file| file.ends_with("migrations/V001__commandbus_schema.sql")));
    let long: Vec<_> =
        files.into_iter().filter(|file| fs::read_to_string(file).unwrap().lines().count() > LONGEST_FILE).collect();
    assert_eq!(long, [] as [PathBuf; 0]);
}

/// A manifest that does not take the lints of the workspace would be built without them.
#[test]
fn every_crate_forbids_unsafe_code() {
    let workspace = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    assert!(workspace.contains("\nunsafe_code = \"forbid\"\n"));
    let manifests: Vec<_> = files(repository(), &["toml"])
        .into_iter()
        .filter(|file| file.file_name().unwrap() == "Cargo.toml" && !file.starts_with(repository().join("bench")))
        .filter(|file| fs::read_to_string(file).unwrap().contains("[package]"))
        .collect();
    assert!(manifests.len() > 8, "{manifests:?}");
    let loose: Vec<_> = manifests
        .into_iter()
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            !text.contains("[lints]\nworkspace = true") && !text.contains("unsafe_code = \"forbid\"")
        })
        .collect();
    assert_eq!(loose, [] as [PathBuf; 0]);
}

#[test]
fn every_test_that_a_guarantee_names_exists() {
    let text = fs::read_to_string(repository().join("docs/guarantees.md")).unwrap();
    // Between backquotes, and a sentence.
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_sentence = |name: &&str| is_name(name) && name.matches('_').count() > 3;
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_sentence).collect();
    let packages = ["tests", "commandbus", "commandbus-macros", "commandbus-ops"];
    let sources = packages.into_iter().flat_map(|package| files(&repository().join(package), &["rs"]));
    let tests: String = sources.map(|file| fs::read_to_string(file).unwrap()).collect();
    let unknown: Vec<_> = named.iter().filter(|name| !tests.contains(&format!("fn {name}("))).collect();
    assert_eq!(unknown, [] as [&&str; 0]);
    assert!(named.len() > 30, "only {} were found: are they read at all?", named.len());
}

/// The targets of the links and images of a page, without their anchors; addresses elsewhere are left out.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let here = targets.filter(|target| !target.contains("://") && !target.starts_with('#') && !target.contains(' '));
    here.map(|target| target.split('#').next().unwrap()).collect()
}

#[test]
fn every_link_of_the_documentation_leads_to_a_file() {
    let root = repository();
    let mut pages: Vec<PathBuf> = files(&root.join("docs"), &["md"]);
    pages.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map(|page| root.join(page)));
    let mut seen = 0;
    let mut broken = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for target in links(&text) {
            seen += 1;
            if !page.parent().unwrap().join(target).exists() {
                broken.push(format!("{} leads to {target}", page.display()));
            }
        }
    }
    assert_eq!(broken, [] as [String; 0]);
    assert!(seen > 100, "only {seen} were found: are they read at all?");
}

/// On the registry and on docs.rs there is nothing beside them.
#[test]
fn the_readmes_of_packages_need_no_other_file() {
    for package in ["commandbus", "commandbus-macros", "commandbus-ops"] {
        let readme = fs::read_to_string(repository().join(package).join("README.md")).unwrap();
        assert_eq!(links(&readme), [] as [&str; 0], "{package}");
    }
}
