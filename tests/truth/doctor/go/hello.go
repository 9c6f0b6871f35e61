// SPDX-License-Identifier: MIT

// Healthy: says hello as fast as it is asked, on all processors.
package main

import "net/http"

func main() {
	o := start(truth{ID: "go-hello", File: "hello.go", Load: "-c 16"}, nil)
	serve(o, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello\n")) })
}
