// SPDX-License-Identifier: MIT

// A server that draws pictures, two at a time at most. With the defect a request that finds both
// places taken looks again every 10 ms, without it it is told when one is free.
package main

import (
	"crypto/sha256"
	"net/http"
	"sync/atomic"
	"time"
)

var (
	places = make(chan struct{}, 2)
	nth    int64
	pixels [64 << 10]byte
)

func draw() byte {
	sum := sha256.Sum256(pixels[:])
	for i := 0; i < 4; i++ {
		sum = sha256.Sum256(append(pixels[:len(pixels):len(pixels)], sum[:]...))
	}
	return sum[0]
}

func takePlace() bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		return false
	}
}

//go:noinline
func waitByLooking() {
	for !takePlace() {
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	o := start(truth{ID: "go-sleep-poll", Expected: []string{"sleep-polling"}, Load: "-c 12"},
		waitByLooking)
	serve(o, func(w http.ResponseWriter, r *http.Request) {
		if o.hasDefect(int(atomic.AddInt64(&nth, 1))) {
			waitByLooking()
		} else {
			places <- struct{}{}
		}
		first := draw()
		<-places
		w.Write([]byte{first})
	})
}
