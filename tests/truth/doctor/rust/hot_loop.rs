// SPDX-License-Identifier: MIT
// Looks for similar words by comparing all with all on one thread while other processors idle.
// Without the defect the words are divided among as many threads as there are processors.
mod program;
use program::{Program, Truth};
use std::time::Instant;

const DISTANCE: u32 = line!() + 2;
#[inline(never)]
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (corner + usize::from(x != y)).min(row[j] + 1).min(above + 1);
            corner = above;
        }
    }
    row[b.len()]
}

fn compare_all(words: &[String], first: usize, step: usize, end: Instant) -> usize {
    let mut near = 0;
    let mut i = first;
    while Instant::now() < end {
        let word = words[i % words.len()].as_bytes();
        near += words.iter().filter(|other| distance(word, other.as_bytes()) < 3).count();
        i += step;
    }
    near
}

fn main() {
    let program = Program::start(&Truth { id: "rust-hot-loop", file: file!(), expected: "single-core",
        acceptable: "malloc-heavy", function: "distance", line: DISTANCE });
    let words: Vec<String> = (0..2000u64).map(|i| format!("word{:x}", i * 2654435761 % 65521)).collect();
    let processors = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = if program.strength > 0 { 1 } else { processors };
    let near: usize = std::thread::scope(|scope| {
        let (words, end) = (&words, program.end);
        let all: Vec<_> =
            (0..threads).map(|i| scope.spawn(move || compare_all(words, i, threads, end))).collect();
        all.into_iter().map(|t| t.join().unwrap_or(0)).sum()
    });
    println!("{near} near");
}
