// SPDX-License-Identifier: MIT

// A server that makes a tree of small objects for each request while a large live heap makes every
// collection long. Without the defect a number is computed.
package main

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"sync/atomic"
)

type node struct {
	left, right *node
	label       string
}

var (
	nth     int64
	archive *node
)

func grow(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{grow(depth - 1), grow(depth - 1), fmt.Sprint("level ", depth)}
}

//go:noinline
func buildTree() *node {
	return grow(11)
}

func main() {
	o := start(truth{ID: "go-gc-churn", Expected: []string{"gc-pressure", "malloc-heavy"},
		Acceptable: []string{"memory-growth", "single-core"}, Load: "-c 4 -r 300"}, buildTree)
	archive = grow(19)
	debug.SetGCPercent(10)
	serve(o, func(w http.ResponseWriter, r *http.Request) {
		if o.hasDefect(int(atomic.AddInt64(&nth, 1))) {
			buildTree()
		}
		w.Write([]byte("grown\n"))
	})
}
