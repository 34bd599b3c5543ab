//! What the operating system knows of a process; only Linux says it this way.

use std::fs;

/// Its resident memory, while it lives.
pub fn resident_kb(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// How long all its threads have been on a processor, in nanoseconds.
pub fn processor_ns(id: u32) -> Option<u64> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{id}/task")).ok()? {
        let statistics = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        total += statistics.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(total)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_has_memory_and_has_worked() {
        let id = std::process::id();
        assert!(super::resident_kb(id).unwrap() > 100);
        assert!(super::processor_ns(id).unwrap() > 0);
        assert_eq!(super::resident_kb(u32::MAX), None);
    }
}
