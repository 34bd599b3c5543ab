//! What goes to the registry: whether it builds from what is packed alone, and with each feature alone.

use std::{fs, io};

use super::{PUBLISHED, cargo, root};

/// Packs them together, each with what the others are at this moment, and builds what came out. Nothing of the repository is
/// there then but what is in the packages: migrations, licences, stylesheets.
pub(crate) fn build() -> io::Result<bool> {
    // As the workspace is built, so that what others brought along need not be compiled again.
    let mut arguments = vec!["package", "--no-metadata", "--config", "profile.dev.debug = 'line-tables-only'"];
    arguments.extend(PUBLISHED.iter().flat_map(|package| ["--package", package]));
    cargo(&arguments)
}

/// Checks each package without features, with each alone, and with all.
pub(crate) fn each_feature() -> io::Result<bool> {
    for package in PUBLISHED {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml"))?;
        let features = features(&manifest);
        let all = features.join(",");
        for set in std::iter::once("").chain(features.iter().copied()).chain([all.as_str()]) {
            if !cargo(&["check", "--package", package, "--no-default-features", "--features", set])? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The names in the section `features` of a manifest.
fn features(manifest: &str) -> Vec<&str> {
    let section = manifest.split("\n[features]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.split_once(" = ")?.0));
    names.filter(|name| *name != "default").collect()
}
