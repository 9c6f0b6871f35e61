// SPDX-License-Identifier: MIT
// Collects readings of sensors. With the defect every reading is kept, without it the last thousand.
mod program;
use program::{Program, Truth};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const KEEP_READING: u32 = line!() + 2;
#[inline(never)]
fn keep_reading(readings: &mut VecDeque<Vec<u64>>, nth: u64) {
    readings.push_back((0..512).map(|i| i * nth).collect());
}

fn main() {
    let program = Program::start(&Truth { id: "rust-memory", file: file!(), expected: "memory-growth",
        acceptable: "", function: "keep_reading", line: KEEP_READING });
    let mut readings = VecDeque::new();
    let mut nth = 0;
    while Instant::now() < program.end {
        keep_reading(&mut readings, nth);
        if !program.has_defect(nth) && readings.len() > 1000 {
            readings.pop_front();
        }
        nth += 1;
        std::thread::sleep(Duration::from_micros(500));
    }
    println!("{} readings", readings.len());
}
