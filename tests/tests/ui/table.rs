//! The table of the mistakes, made of the cases.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use crate::case::{Case, Pair, Reported, all};

const HEAD: &str = "\
# What does not compile, and what to write instead

Every mistake that the macros and the builders find at compile time: where it is reported, with which words, and what to
write instead. Several mistakes in one item are reported together, and the item itself survives: what uses it does not
fail as well.

Made of the cases in `tests/ui` by `MACRO_ERRORS=overwrite cargo test --workspace --test ui`; do not edit it by hand.
";

#[test]
fn each_mistake_is_one_error() {
    for Case { name, pairs, errors, .. } in all() {
        assert_eq!(
            pairs.len(),
            errors.len(),
            "`{name}` says what is wrong and what to write instead (`//! mistake: ..`, `//! instead: ..`) for each error \
             once:\n{pairs:#?}\n{errors:#?}"
        );
        for Pair { mistake, instead } in pairs {
            assert!(!mistake.is_empty() && !instead.is_empty(), "`{name}` says half of it: `{mistake}`, `{instead}`");
        }
    }
}

#[test]
fn the_table_of_mistakes_is_in_step_with_the_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/macro-errors.md");
    let table = table(&all());
    if std::env::var_os("MACRO_ERRORS").is_some_and(|value| value == "overwrite") {
        fs::write(path, table).unwrap();
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == table, "`docs/macro-errors.md` is stale: MACRO_ERRORS=overwrite writes this into it\n\n{table}");
}

fn table(cases: &[Case]) -> String {
    let mut suites = BTreeMap::<&str, Vec<&Case>>::new();
    for case in cases {
        suites.entry(&case.suite).or_default().push(case);
    }
    let mut table = HEAD.to_owned();
    for (suite, cases) in suites {
        write!(table, "\n## {}\n\n| mistake | at | says | instead |\n|---|---|---|---|\n", title(suite)).unwrap();
        for (pair, error) in cases.iter().flat_map(|case| case.pairs.iter().zip(&case.errors)) {
            writeln!(table, "{}", row(pair, error)).unwrap();
        }
    }
    table
}

fn title(suite: &str) -> String {
    match suite {
        "builders" => "Sending, batches, workers and tests".to_owned(),
        "handler_error" => "`#[derive(HandlerError)]`".to_owned(),
        "handlers" => "`handlers![..]`".to_owned(),
        "survival" => "An item with a mistake, used twenty times".to_owned(),
        attribute => format!("`#[{attribute}]`"),
    }
}

fn row(pair: &Pair, error: &Reported) -> String {
    let cells = [&pair.mistake, &format!("`{}`", error.at), &error.message, &pair.instead];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |", cells.join(" | "))
}
