// SPDX-License-Identifier: MIT

// A server that starts a goroutine for each request, which waits for an answer that nobody takes:
// its stack and its buffer stay for ever. Without the defect the channel has room for the answer.
package main

import (
	"net/http"
	"sync/atomic"
)

var nth int64

func fillReport(buffer []byte) int {
	for i := range buffer {
		buffer[i] = byte(i)
	}
	return len(buffer)
}

//go:noinline
func startReport(results chan int) {
	go func() {
		buffer := make([]byte, 16384)
		results <- fillReport(buffer)
		buffer[0]++
	}()
}

func main() {
	o := start(truth{ID: "go-goroutine-leak", Expected: []string{"memory-growth"},
		Acceptable: []string{"gc-pressure"}, Load: "-c 4 -r 500"}, startReport)
	serve(o, func(w http.ResponseWriter, r *http.Request) {
		room := 1
		if o.hasDefect(int(atomic.AddInt64(&nth, 1))) {
			room = 0
		}
		startReport(make(chan int, room))
		w.Write([]byte("started\n"))
	})
}
