// SPDX-License-Identifier: MIT

// Goroutines that wait: some asleep again and again, the others at a channel for ever. For what looking
// at them costs prof, see docs/overhead.md.
package main

import (
	"flag"
	"time"
)

func idle(never chan struct{}) {
	<-never
}

func sleeper(each time.Duration) {
	for {
		time.Sleep(each)
	}
}

func main() {
	count := flag.Int("count", 1000, "goroutines")
	asleep := flag.Int("asleep", 0, "of them, that sleep again and again")
	each := flag.Duration("sleep", 100*time.Millisecond, "for how long at a time")
	run := flag.Duration("run", 12*time.Second, "length of the run")
	flag.Parse()
	never := make(chan struct{})
	for i := 0; i < *count; i++ {
		if i < *asleep {
			go sleeper(*each)
		} else {
			go idle(never)
		}
	}
	time.Sleep(*run)
}
