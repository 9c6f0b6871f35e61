// SPDX-License-Identifier: MIT

// Writes a table of measurements to a file. With the defect each field is a write() of its own,
// without it they go through a buffer.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"time"
)

//go:noinline
func writeRow(out io.Writer, row int) {
	for field := 0; field < 8; field++ {
		fmt.Fprintf(out, "%d;", row*field)
	}
	io.WriteString(out, "\n")
}

func main() {
	o := start(truth{ID: "go-small-writes", Expected: []string{"tiny-io"},
		Acceptable: []string{"single-core", "sync-file-io"}}, writeRow)
	file, err := os.CreateTemp("", "small-writes")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Remove(file.Name())
	buffer := bufio.NewWriterSize(file, 65536)
	for row := 0; ; row++ {
		if o.hasDefect(row) {
			writeRow(file, row)
		} else {
			writeRow(buffer, row)
		}
		if row%5000 == 0 {
			buffer.Flush()
			file.Seek(0, io.SeekStart)
			time.Sleep(10 * time.Millisecond)
		}
	}
}
