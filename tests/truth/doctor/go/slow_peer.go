// SPDX-License-Identifier: MIT

// A server that asks a slow service for each request and waits 40 ms for it in a goroutine. At
// strength 0 the answer is in memory.
package main

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

var nth int64

func askStock(port int) {
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/stock", port))
	if err != nil {
		return
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

func main() {
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 16
	o := start(truth{ID: "go-slow-peer", File: "slow_peer.go", Expected: []string{"downstream-wait"},
		Load: "-c 8", Peer: "http:40"}, nil)
	serve(o, func(w http.ResponseWriter, r *http.Request) {
		if o.hasDefect(int(atomic.AddInt64(&nth, 1))) {
			askStock(o.peer)
		}
		w.Write([]byte("3 left\n"))
	})
}
