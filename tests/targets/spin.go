// SPDX-License-Identifier: MIT

// spin [SECONDS]: three functions with 60, 30 and 10 % of the work, the last one in a goroutine.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

var sink uint64

//go:noinline
func goHotSixty(rounds int) uint64 {
	x := uint64(1)
	for i := 0; i < rounds; i++ {
		x = x*2862933555777941757 + 3037000493
	}
	return x
}

//go:noinline
func goHotThirty(rounds int) uint64 {
	x := uint64(3)
	for i := 0; i < rounds; i++ {
		x = x*2862933555777941757 + 3037000493
	}
	return x
}

//go:noinline
func goHotTen(rounds int) uint64 {
	x := uint64(7)
	for i := 0; i < rounds; i++ {
		x = x*2862933555777941757 + 3037000493
	}
	return x
}

func main() {
	seconds := 2.0
	if len(os.Args) > 1 {
		parsed, err := strconv.ParseFloat(os.Args[1], 64)
		if err != nil || parsed <= 0 || parsed > 3600 {
			fmt.Fprintln(os.Stderr, "spin: seconds must be above 0 and at most 3600")
			os.Exit(2)
		}
		seconds = parsed
	}
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for time.Now().Before(end) {
		sink += goHotSixty(600000)
		sink += goHotThirty(300000)
		done := make(chan uint64)
		go func() { done <- goHotTen(100000) }()
		sink += <-done
	}
	fmt.Println(`{"self": {"main.goHotSixty": 0.6, "main.goHotThirty": 0.3, "main.goHotTen": 0.1}}`)
}
