// SPDX-License-Identifier: MIT

// A server that counts the words of its requests in one map. With the defect the map's mutex is held
// while a text is taken apart, without it only for adding up.
package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

var (
	lock   sync.Mutex
	counts = map[string]int{}
	nth    int64
	text   = strings.Repeat("the quick brown fox jumps over the lazy dog ", 500)
)

func countWords(into map[string]int) {
	for word, rest := "", text; rest != ""; {
		word, rest, _ = strings.Cut(rest, " ")
		into[word]++
	}
}

//go:noinline
func countLocked() {
	lock.Lock()
	defer lock.Unlock()
	countWords(counts)
}

func countAlone() {
	own := map[string]int{}
	countWords(own)
	lock.Lock()
	defer lock.Unlock()
	for word, n := range own {
		counts[word] += n
	}
}

func main() {
	o := start(truth{ID: "go-mutex", Expected: []string{"lock-contention"},
		Acceptable: []string{"context-switch-storm"}, Load: "-c 32"}, countLocked)
	serve(o, func(w http.ResponseWriter, r *http.Request) {
		if o.hasDefect(int(atomic.AddInt64(&nth, 1))) {
			countLocked()
		} else {
			countAlone()
		}
		w.Write([]byte("counted\n"))
	})
}
