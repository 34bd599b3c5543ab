//! The cases as they stand in the repository: what each says about itself, and what the compiler says.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file below `ui/`.
pub(crate) struct Case {
    /// The folder it is in.
    pub(crate) suite: String,
    /// `command/no_domain`
    pub(crate) name: String,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) errors: Vec<Reported>,
}

/// What the head of a case says about one of its errors.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    pub(crate) mistake: String,
    pub(crate) instead: String,
}

/// One error, as the compiler words it.
#[derive(Debug)]
pub(crate) struct Reported {
    /// The first line of its message.
    pub(crate) message: String,
    /// The code it points at.
    pub(crate) at: String,
}

/// All of them, in the order of their names.
pub(crate) fn all() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut cases: Vec<Case> = entries(&root)
        .iter()
        .flat_map(|suite| entries(suite))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| Case::read(&file))
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

impl Case {
    fn read(file: &Path) -> Self {
        let suite = file.parent().and_then(Path::file_name).unwrap().to_str().unwrap().to_owned();
        let name = format!("{suite}/{}", file.file_stem().unwrap().to_str().unwrap());
        let source = fs::read_to_string(file).unwrap();
        let said = fs::read_to_string(file.with_extension("stderr"))
            .unwrap_or_else(|_| panic!("`{name}` has no `.stderr` yet: TRYBUILD=overwrite writes it"));
        Self { suite, name, pairs: pairs(&source), errors: errors(&source, &said) }
    }
}

fn pairs(source: &str) -> Vec<Pair> {
    let mut pairs = Vec::<Pair>::new();
    for line in source.lines() {
        if let Some(mistake) = line.strip_prefix("//! mistake: ") {
            pairs.push(Pair { mistake: mistake.to_owned(), ..Pair::default() });
        } else if let (Some(instead), Some(pair)) = (line.strip_prefix("//! instead: "), pairs.last_mut()) {
            instead.clone_into(&mut pair.instead);
        }
    }
    pairs
}

fn errors(source: &str, said: &str) -> Vec<Reported> {
    let lines: Vec<&str> = said.lines().collect();
    let begins = |line: &&str| line.starts_with("error: ") || line.starts_with("error[");
    let starts = (0..lines.len()).filter(|at| begins(&lines[*at]));
    starts
        .map(|at| Reported {
            message: lines[at].split_once(": ").map(|(_, message)| message.to_owned()).unwrap(),
            at: pointed_at(source, &lines[at + 1..]),
        })
        .collect()
}

/// The code above the row of `^`, of which the arrow tells the beginning.
fn pointed_at(source: &str, said: &[&str]) -> String {
    let arrow = said.iter().find_map(|line| line.trim_start().strip_prefix("--> ")).unwrap();
    let mut place = arrow.rsplit(':').map(|number| number.parse::<usize>().unwrap());
    let (column, line) = (place.next().unwrap(), place.next().unwrap());
    let number = format!("{line} |");
    let shown = said.iter().position(|said| said.trim_start().starts_with(&number)).unwrap();
    let begin = said[shown].find('|').unwrap() + 1 + column;
    let marks = said[shown + 1];
    // A label of the same place may cover a part of it, and one of a wider place surrounds it.
    let surrounded = marks[..begin].ends_with('-');
    let length = marks.chars().skip(begin).take_while(|mark| *mark == '^' || *mark == '-' && !surrounded).count();
    let code: String = source.lines().nth(line - 1).unwrap().chars().skip(column - 1).take(length).collect();
    code.trim_end().to_owned()
}
