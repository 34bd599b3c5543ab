//! `cargo picture`: runs the demo and draws what it printed, as the README shows it.

use std::{
    env, fs,
    io::{self, Error},
    path::Path,
    process::Command,
};

use anstyle_svg::Term;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // With a database of its own, whatever is there.
    let output = Command::new(cargo).arg("demo").current_dir(&root).env_remove("DATABASE_URL").output()?;
    if !output.status.success() {
        return Err(Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let terminal = format!("\u{1b}[1m$ cargo demo\u{1b}[0m\n{}", told.trim_end());
    fs::write(root.join("docs/images/demo.svg"), Term::new().render_svg(&terminal))
}
