// SPDX-License-Identifier: MIT
//! inlines [SECONDS]: Rust whose work is done in inlined closures and generic functions. `scramble`
//! is inlined into `digest`, which stays a function for each type it is made for.
use std::env;
use std::process::exit;
use std::ptr;
use std::time::{Duration, Instant};

trait Factor {
    const FACTOR: u64;
}

struct Apple;
struct Pear;

impl Factor for Apple {
    const FACTOR: u64 = 2862933555777941757;
}

impl Factor for Pear {
    const FACTOR: u64 = 3202034522624059733;
}

#[inline(always)]
fn scramble(x: u64, factor: u64) -> u64 {
    let y = x.wrapping_mul(factor).wrapping_add(3037000493);
    y ^ (y >> 29)
}

#[inline(never)]
fn digest<F: Factor>(rounds: u64) -> u64 {
    let fold = |x: u64, i: u64| scramble(x ^ i, F::FACTOR);
    (0..rounds).fold(1, fold)
}

mod orchard {
    #[inline(never)]
    pub fn harvest(apples: u64, pears: u64) -> u64 {
        let picked = super::digest::<super::Apple>(apples);
        picked ^ super::digest::<super::Pear>(pears)
    }
}

/// A value that the compiler cannot foresee.
fn opaque(x: u64) -> u64 {
    unsafe { ptr::read_volatile(&x) }
}

fn main() {
    let seconds: f64 = match env::args().nth(1).map(|text| text.parse()) {
        None => 2.0,
        Some(Ok(seconds)) if (0.0..=3600.0).contains(&seconds) => seconds,
        Some(_) => {
            eprintln!("inlines: seconds must be a number of at most 3600");
            exit(2);
        }
    };
    let end = Instant::now() + Duration::from_secs_f64(seconds);

    while Instant::now() < end {
        opaque(orchard::harvest(opaque(700_000), opaque(300_000)));
    }
    println!("{{\"total\": {{\"digest<Apple>\": 0.7, \"digest<Pear>\": 0.3}}}}");
}
