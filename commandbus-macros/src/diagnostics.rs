//! Mistakes, collected and worded.

use proc_macro2::TokenStream;

/// An error at the given tokens.
macro_rules! err {
    ($tokens:expr, $($message:tt)+) => {
        ::syn::Error::new_spanned($tokens, format!($($message)+))
    };
}
pub(crate) use err;

/// Every mistake found so far; validation goes on after each of them.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics(Vec<syn::Error>);

impl Diagnostics {
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, or `None` with the mistake kept.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// `value` if there was no mistake.
    pub(crate) fn or<T>(self, value: impl FnOnce() -> Option<T>) -> Result<T, Self> {
        if !self.is_empty() {
            return Err(self);
        }
        value().ok_or(self)
    }

    /// One `compile_error!` for each mistake.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }
}

/// `` `a`, `b` and `c` ``
pub(crate) fn list_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// The candidate that `word` was probably meant to be.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to the other: insertion, deletion, replacement, and two neighbours swapped (optimal string
/// alignment).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let row = |i: usize| (0..=to.len()).map(|j| if i == 0 { j } else { i }).collect::<Vec<_>>();
    let mut table: Vec<Vec<usize>> = (0..=from.len()).map(row).collect();
    for i in 1..=from.len() {
        for j in 1..=to.len() {
            let replaced = table[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut least = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(table[i - 2][j - 2] + 1);
            }
            table[i][j] = least;
        }
    }
    table[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["domain", "reply", "max_attempts", "timeout"];

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_a_foreign_word_is_not() {
        assert_eq!(did_you_mean("domian", KEYS), Some("domain"));
        assert_eq!(did_you_mean("max_attemps", KEYS), Some("max_attempts"));
        assert_eq!(did_you_mean("time_out", KEYS), Some("timeout"));
        assert_eq!(did_you_mean("priority", KEYS), None);
    }

    #[test]
    fn words_are_listed_as_one_would_say_them() {
        assert_eq!(list_of(["a"]), "`a`");
        assert_eq!(list_of(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
