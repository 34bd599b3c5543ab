//! A history of ten million needs some room: it is left out where the disk would become full.

use std::process::Command;

/// GB that stay free.
const RESERVE: f64 = 15.0;

/// Whether so many GB can be written to where the private server lies; where nobody knows, they can.
pub fn has_room_for(gigabytes: f64) -> bool {
    let asked = Command::new("df").args(["-P", "-k"]).arg(std::env::temp_dir()).output();
    let free = asked.ok().and_then(|output| {
        let text = String::from_utf8(output.stdout).ok()?;
        text.lines().nth(1)?.split_whitespace().nth(3)?.parse::<f64>().ok()
    });
    free.is_none_or(|kb| kb / 1e6 - gigabytes > RESERVE)
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_fits_anywhere_and_too_much_nowhere() {
        assert!(super::has_room_for(f64::NEG_INFINITY));
        assert!(!super::has_room_for(1e12));
    }
}
