//! What goes to the registry: whether it builds from what is packed alone, and with each feature alone.

use std::io;

use super::{PUBLISHED, cargo};

/// Each package with every set of its features: there are so few that none is left out.
const FEATURES: [(&str, &[&str]); 3] = [
    ("commandbus-macros", &["", "schema"]),
    ("commandbus", &["", "embedded", "schema", "embedded,schema"]),
    ("commandbus-ops", &["", "demo"]),
];

/// Packs them together, each with what the others are at this moment, and builds what came out. Nothing of the repository is
/// there then but what is in the packages: migrations, licences, stylesheets.
pub(crate) fn build() -> io::Result<bool> {
    // As the workspace is built, so that what others brought along need not be compiled again.
    let mut arguments = vec!["package", "--no-metadata", "--config", "profile.dev.debug = 'line-tables-only'"];
    arguments.extend(PUBLISHED.iter().flat_map(|package| ["--package", package]));
    cargo(&arguments)
}

/// Checks the library of each with each set of its features.
pub(crate) fn each_feature() -> io::Result<bool> {
    for (package, sets) in FEATURES {
        for features in sets {
            if !cargo(&["check", "--package", package, "--no-default-features", "--features", features])? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
