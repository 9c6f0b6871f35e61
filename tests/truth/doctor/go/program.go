// SPDX-License-Identifier: MIT

// What every Go program of the truth suite shares: its options (--strength 0..100 --seconds N
// --port N --peer PORT), and what it says of itself when called with --truth. Built together with one
// other file.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"
)

type truth struct {
	ID         string   `json:"id"`
	Expected   []string `json:"expected"`
	Acceptable []string `json:"acceptable"`
	Function   string   `json:"function,omitempty"`
	Line       int      `json:"line,omitempty"`
	File       string   `json:"file"`
	Load       string   `json:"load,omitempty"`
	Peer       string   `json:"peer,omitempty"`
}

type options struct {
	strength, seconds, port, peer int
}

// start reads the options; guilty is the function to blame, or nil. The process ends when --truth
// asks for the truth, or else when its seconds are over.
func start(t truth, guilty interface{}) options {
	var o options
	tell := flag.Bool("truth", false, "print the truth")
	flag.IntVar(&o.strength, "strength", 60, "share of the work with the defect")
	flag.IntVar(&o.seconds, "seconds", 12, "length of the run")
	flag.IntVar(&o.port, "port", 0, "to listen on")
	flag.IntVar(&o.peer, "peer", 0, "to talk to")
	flag.Parse()
	if *tell {
		if o.strength == 0 || t.Expected == nil {
			t.Expected = []string{}
		}
		if t.Acceptable == nil {
			t.Acceptable = []string{}
		}
		if guilty != nil {
			f := runtime.FuncForPC(reflect.ValueOf(guilty).Pointer())
			file, line := f.FileLine(f.Entry())
			t.Function, t.File, t.Line = strings.TrimPrefix(f.Name(), "main."), filepath.Base(file), line
		}
		json.NewEncoder(os.Stdout).Encode(t)
		os.Exit(0)
	}
	time.AfterFunc(time.Duration(o.seconds)*time.Second, func() { os.Exit(0) })
	return o
}

// hasDefect is true for that share of calls, evenly spread.
func (o options) hasDefect(nth int) bool {
	return (nth+1)*o.strength/100 > nth*o.strength/100
}

func serve(o options, handle http.HandlerFunc) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "listening on", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, handle)
}
