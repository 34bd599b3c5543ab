//! One snapshot: items as they are written, and what the macros make of them.

use std::path::PathBuf;

use insta::Settings;

/// Declares the cases of a module, each with a test of its own: its name is what it shows, in a sentence.
macro_rules! expansions {
    ($($name:ident { $($items:tt)* })+) => {
        pub(crate) const CASES: &[crate::case::Case] = &[$(crate::case::Case {
            module: module_path!(),
            name: stringify!($name),
            items: stringify!($($items)*),
            expansion: commandbus::expansion_of! { $($items)* },
        }),+];

        $(#[test]
        fn $name() {
            crate::case::find(CASES, stringify!($name)).is_as_in_its_snapshot();
        })+
    };
}

pub(crate) struct Case {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    /// Its items, as the compiler writes tokens.
    pub(crate) items: &'static str,
    pub(crate) expansion: &'static str,
}

impl Case {
    /// The macro that it is about.
    pub(crate) fn of(&self) -> &'static str {
        self.module.rsplit("::").next().unwrap()
    }

    pub(crate) fn parsed(&self) -> syn::File {
        syn::parse_str(self.items).unwrap()
    }

    /// Its items, formatted as the expansion is.
    pub(crate) fn written(&self) -> String {
        prettyplease::unparse(&self.parsed())
    }

    /// What its snapshot holds: what was written, and what is made of it.
    pub(crate) fn text(&self) -> String {
        format!("```rust\n{}```\n\nbecomes\n\n```rust\n{}```\n", self.written(), self.expansion)
    }

    /// The name as the sentence that it is.
    pub(crate) fn title(&self) -> String {
        let words = self.name.replace('_', " ");
        let (first, rest) = words.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    }

    pub(crate) fn is_as_in_its_snapshot(&self) {
        let mut settings = Settings::clone_current();
        settings.set_snapshot_path(folder_of(self.of()));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(self.name, self.text()));
    }
}

pub(crate) fn find<'a>(cases: &'a [Case], name: &str) -> &'a Case {
    cases.iter().find(|case| case.name == name).unwrap()
}

/// Where the snapshots of a macro lie.
pub(crate) fn folder_of(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expand/snapshots").join(name)
}
