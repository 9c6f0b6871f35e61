// SPDX-License-Identifier: MIT
// Orders are handed to a warehouse thread one at a time through a slot. With the defect both sides look at
// the slot's state until the other one has changed it; without it the slot is a channel.
mod program;
use program::{Program, Truth};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

static FULL: AtomicBool = AtomicBool::new(false);
static ORDER: AtomicU64 = AtomicU64::new(0);

const WAIT_UNTIL: u32 = line!() + 2;
#[inline(never)]
fn wait_until(full: bool) {
    while FULL.load(Ordering::Acquire) != full {}
}

// What an order costs the warehouse, and its customer beforehand.
fn pack(order: u64) -> u64 {
    (0..20_000u64).fold(order, |sum, i| sum.wrapping_mul(31).wrapping_add(i ^ sum >> 7))
}

fn hand_over(order: u64) {
    wait_until(false);
    ORDER.store(order, Ordering::Relaxed);
    FULL.store(true, Ordering::Release);
}

fn take_order() -> u64 {
    wait_until(true);
    let order = ORDER.load(Ordering::Relaxed);
    FULL.store(false, Ordering::Release);
    order
}

fn main() {
    let program = Program::start(&Truth { id: "spin-flag", file: file!(), expected: "spinning",
        acceptable: "busy-polling", function: "wait_until", line: WAIT_UNTIL });
    let spins = program.strength > 0;
    let (orders, incoming) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut packed = 0u64;
        loop {
            let order = if spins { take_order() } else { incoming.recv().unwrap_or(0) };
            packed = packed.wrapping_add(pack(order));
            if order == u64::MAX {
                println!("{packed} packed");
                return;
            }
        }
    });
    let mut order = 0;
    while Instant::now() < program.end {
        thread::sleep(Duration::from_millis(2)); // the next customer
        order = pack(order) | 1;
        if spins {
            hand_over(order);
        } else {
            let _ = orders.send(order);
        }
    }
    std::process::exit(0);
}
