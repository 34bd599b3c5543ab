//! The snapshots in the documentation.
//!
//! The page of a macro ends with `commandbus/src/macros/NAME.md`, which holds the same text as the snapshots of that macro;
//! this test keeps it so. It stands there, because the documentation is built from the published package alone, which has
//! no tests; and a `.snap` cannot be shown itself, for it begins with a header of insta's.

use std::{fmt::Write as _, fs, path::Path};

use crate::{
    DOCUMENTED,
    case::{Case, folder_of},
    refused,
};

/// Whether everything is to be written anew, as insta understands it.
fn is_writing() -> bool {
    std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always")
}

const HEAD: &str = "\
# Expanded code

Each of these is one more argument, or one more shape of an item; [`expansion_of!`](macro@crate::expansion_of) shows the
same of your own.
";

fn section(cases: &[Case]) -> String {
    let mut section = HEAD.to_owned();
    for case in cases {
        // The blank line after it ends the HTML.
        write!(section, "\n<details><summary>{}</summary>\n\n{}\n</details>\n\n", case.title(), case.text()).unwrap();
    }
    section
}

#[test]
fn the_documentation_shows_the_snapshots() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("commandbus/src/macros");
    for cases in DOCUMENTED {
        let (name, section) = (cases[0].of(), section(cases));
        let path = folder.join(name).with_extension("md");
        if is_writing() {
            fs::write(path, section).unwrap();
            continue;
        }
        let kept = fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == section,
            "`commandbus/src/macros/{name}.md` is stale: write it anew as `tests/tests/expand/main.rs` says"
        );
    }
}

#[test]
fn every_snapshot_has_a_case() {
    for cases in DOCUMENTED.into_iter().chain([refused::CASES]) {
        // A macro whose first snapshot is just being written has no folder yet.
        for entry in fs::read_dir(folder_of(cases[0].of())).into_iter().flatten() {
            let path = entry.unwrap().path();
            let is_snapshot = path.extension().is_some_and(|extension| extension == "snap");
            let has_case = cases.iter().any(|case| path.file_stem().is_some_and(|stem| stem == case.name));
            if is_snapshot && !has_case {
                assert!(is_writing(), "{} belongs to no case: remove it", path.display());
                fs::remove_file(path).unwrap();
            }
        }
    }
}
