//! Random tokens for every macro: none panics; what is made of code is code, or an error at what was written.
//!
//! `COMMANDBUS_INPUTS` says how many, `COMMANDBUS_SEED` repeats one that failed.

use std::{
    env,
    fmt::Display,
    io::{Write, stderr},
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{batch, command, expansion_of, handler, handler_error, handlers, process};

type Macro = fn(TokenStream, TokenStream) -> TokenStream;

/// Each macro with arguments and an item that are in order.
const SEEDS: &[(Macro, &str, &str)] = &[
    (
        command::command,
        r#"domain = "payments", reply = Receipt, name = "Debit", aliases("A", "B"), max_attempts = 5, backoff = "10s, 5m""#,
        "#[derive(Serialize)] pub struct Debit { #[command(sensitive)] card: String, pub(crate) n: Vec<[u8; 4]> }",
    ),
    (
        command::command,
        r#"domain = "payments", version = 3, upcast(1 = Debit::from_v1, 2 = Debit::from_v2), timeout = "30s", group_by = n"#,
        "struct Debit { n: u64, m: Option<String> }",
    ),
    (
        command::command,
        r#"domain = "payments", crate = ::library"#,
        r#"enum Debit { A { n: u8 }, #[serde(skip)] B(u8), C }"#,
    ),
    (
        handler::handler,
        "crate = ::library",
        "pub(crate) async fn debit(command: Debit, at: Context, State(x): State<Ledger>, mut tx: Tx) -> Result<u8, E> { 1 }",
    ),
    (
        handler::handler_set,
        "",
        "impl Payments { #[handler] async fn a(&self, command: Debit) -> u8 { 1 } #[cfg(x)] #[handler] async fn b(&self, \
         command: Credit, at: Context) {} fn c(&self) {} }",
    ),
    (batch::batch, "Debit, credit::Credit, crate = ::library", "pub struct Settlement;"),
    (
        process::process,
        r#"domain = "transfers", steps = [reserve, (debit, credit), notify], deadline = "1d", name = "Transfer""#,
        "impl Transfer { fn reserve(&self) -> Reserve { Reserve {} } #[undo(reserve)] fn release(&self) -> Release { Release \
         {} } #[step(timeout = \"5m\", aliases(\"old\"))] fn debit(&self) -> Debit { Debit {} } fn credit(&self) -> Credit \
         { Credit {} } #[on(reserve)] fn reserved(&mut self, reply: Reserved) {} fn notify(&self) -> \
         Notify { Notify {} } fn next(&self, done: TransferStep) -> Next<TransferStep> { Next::Continue } }",
    ),
    (
        |_, item| handler_error::handler_error(item),
        "",
        r#"#[handler_error(crate = ::library)] enum E { #[transient(code = "BUSY")] A, #[business_rule(code = "B")] B(u8), #[permanent(code = "X")] C { n: u8 },
           #[inherit] D(#[from] Other) }"#,
    ),
    (|_, item| handlers::handlers(item), "", "(::commandbus) a, b::c, d::<u8>"),
    (
        |_, item| expansion_of::expansion_of(item),
        "",
        r#"#[command(domain = "payments")] struct A {} #[handler] async fn a(command: A) {}"#,
    ),
];

/// What may stand in the place of something else.
const WORDS: &str = r#"domain reply name aliases version upcast max_attempts backoff timeout group_by crate steps step undo on
    deadline handler command sensitive transient permanent business_rule inherit details code cfg derive serde struct enum
    union impl fn async pub mut self Self dyn where for trait const static unsafe extern r#type 'a 0 1 -1 255 4294967296 1.5
    1e400 "" "payments" "Not A Domain" "10s" "10 parsecs" "18446744073709551616s" "\0" "\u{202e}" b"x" 'x' r"x" c"x" ::
    -> => == .. ... .. = ! # $ @ ? ; , . : | & * < > <T> () [] {} (a, b) [a, (b)] {a} #[a] #![a] &'a mut T impl Fn() -> u8
    fn() [u8; 4] a::b::<C> _ !  ,, ,"#;

fn setting<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn word(random: &mut StdRng, words: &[TokenTree]) -> TokenTree {
    words[random.random_range(0..words.len())].clone()
}

/// Tokens with some of them gone, changed, doubled, swapped, or others between them; anywhere, in groups too.
fn mutated(random: &mut StdRng, tokens: TokenStream, words: &[TokenTree]) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let groups: Vec<usize> = (0..tokens.len()).filter(|at| matches!(tokens[*at], TokenTree::Group(_))).collect();
    if !groups.is_empty() && random.random_bool(0.6) {
        let at = groups[random.random_range(0..groups.len())];
        if let TokenTree::Group(group) = &tokens[at] {
            let mut delimiter = group.delimiter();
            if random.random_bool(0.05) {
                delimiter = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace, Delimiter::None]
                    [random.random_range(0..4)];
            }
            let changed = Group::new(delimiter, mutated(random, group.stream(), words));
            tokens[at] = changed.into();
        }
        return tokens.into_iter().collect();
    }
    let at = random.random_range(0..=tokens.len());
    match random.random_range(0..6) {
        0 if at < tokens.len() => drop(tokens.remove(at)),
        1 if at < tokens.len() => tokens[at] = word(random, words),
        2 if at + 1 < tokens.len() => tokens.swap(at, at + 1),
        3 => {
            let again: Vec<TokenTree> = tokens[at..].iter().take(6).cloned().collect();
            tokens.splice(at..at, again);
        }
        4 => tokens.truncate(at),
        _ => tokens.insert(at, word(random, words)),
    }
    tokens.into_iter().collect()
}

/// What is wrong with what a macro made, if anything is.
fn fault(run: Macro, args: &TokenStream, item: &TokenStream) -> Option<String> {
    let made = match catch_unwind(AssertUnwindSafe(|| run(args.clone(), item.clone()))) {
        Ok(made) => made,
        Err(_) => return Some("it panicked".to_owned()),
    };
    let (is_code, was_code) = (is_code(&made), syn::parse2::<syn::File>(item.clone()).is_ok());
    let text = made.to_string();
    if text.contains("compile_error") {
        let is_mute = text.contains(r#"compile_error ! { "" }"#);
        // An item that is no Rust stays what it is, behind the error of the compiler.
        (is_mute || was_code && !is_code).then(|| format!("its errors are no code:\n{text}"))
    } else {
        (!is_code && was_code).then(|| format!("it made what is no code, without an error:\n{text}"))
    }
}

fn is_code(tokens: &TokenStream) -> bool {
    syn::parse2::<syn::File>(tokens.clone()).is_ok() || syn::parse2::<syn::Expr>(tokens.clone()).is_ok()
}

#[test]
fn random_tokens_make_no_macro_panic_and_make_code_or_errors() {
    let words: Vec<TokenTree> = WORDS.parse::<TokenStream>().unwrap().into_iter().collect();
    let seeds: Vec<(Macro, TokenStream, TokenStream)> =
        SEEDS.iter().map(|(run, args, item)| (*run, args.parse().unwrap(), item.parse().unwrap())).collect();
    let count: u64 = setting("COMMANDBUS_INPUTS").unwrap_or(2_000);
    let first: u64 = setting("COMMANDBUS_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    writeln!(stderr(), "random tokens: {count} inputs, seeds {first} to {}", first + count.max(1) - 1).unwrap();

    let mut refused = 0;
    for seed in first..first + count {
        let mut random = StdRng::seed_from_u64(seed);
        let (run, mut args, mut item) = seeds[random.random_range(0..seeds.len())].clone();
        for _ in 0..random.random_range(1..=2) {
            if !args.is_empty() && random.random_bool(0.5) {
                args = mutated(&mut random, args, &words);
            } else {
                item = mutated(&mut random, item, &words);
            }
        }
        if let Some(fault) = fault(run, &args, &item) {
            panic!("{fault}\n\nof ({args}) on {item}\n\nAgain, this one: COMMANDBUS_SEED={seed} COMMANDBUS_INPUTS=1");
        }
        refused += u64::from(run(args, item).to_string().contains("compile_error"));
    }
    writeln!(stderr(), "random tokens: {refused} of {count} were refused").unwrap();
    assert!(count < 100 || 0 < refused && refused < count, "{refused} of {count} were refused");
}

#[test]
fn what_is_in_order_is_not_refused() {
    for (run, args, item) in SEEDS {
        let made = run(args.parse().unwrap(), item.parse().unwrap());
        assert!(!made.to_string().contains("compile_error"), "{args}: {made}");
        assert!(is_code(&made), "{args}: {made}");
    }
}

/// Found by the above: it was put where the path of a trait stands, and made what is no code.
#[test]
fn a_library_in_self_is_refused() {
    for (run, _, item) in SEEDS.iter().take(7) {
        let made = run("crate = Self::library".parse().unwrap(), item.parse().unwrap());
        assert!(made.to_string().contains("compile_error"), "{made}");
        assert!(is_code(&made), "{made}");
    }
}
