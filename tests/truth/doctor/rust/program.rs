// SPDX-License-Identifier: MIT
// What every Rust program of the truth suite shares: its options (--strength 0..100 --seconds N
// --port N --peer PORT), and what it says of itself when called with --truth.
use std::time::{Duration, Instant};

pub struct Truth {
    pub id: &'static str,
    pub file: &'static str,
    pub expected: &'static str,
    pub acceptable: &'static str,
    pub function: &'static str,
    pub line: u32,
}

pub struct Program {
    pub strength: u64,
    pub end: Instant,
}

fn ids(list: &str) -> String {
    let quoted: Vec<String> =
        list.split(',').filter(|id| !id.is_empty()).map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

impl Program {
    // Reads the options; ends the process when --truth asks for the truth.
    pub fn start(truth: &Truth) -> Program {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let value = |name: &str, default: u64| {
            words.iter().position(|w| w == name).and_then(|i| words.get(i + 1))
                .and_then(|w| w.parse().ok()).unwrap_or(default)
        };
        let strength = value("--strength", 60);
        if words.iter().any(|w| w == "--truth") {
            println!(
                "{{\"id\": \"{}\", \"expected\": {}, \"acceptable\": {}, \"function\": \"{}\", \"file\": \"{}\", \"line\": {}}}",
                truth.id, ids(if strength > 0 { truth.expected } else { "" }), ids(truth.acceptable),
                truth.function, truth.file.rsplit('/').next().unwrap_or(""), truth.line);
            std::process::exit(0);
        }
        Program { strength, end: Instant::now() + Duration::from_secs(value("--seconds", 12)) }
    }

    // True for that share of calls, evenly spread.
    #[allow(dead_code)] // not every program counts calls
    pub fn has_defect(&self, nth: u64) -> bool {
        (nth + 1) * self.strength / 100 > nth * self.strength / 100
    }
}
