//go:build tools

// Package tools pins a peer that the benchmarks and tests run beside this project; nothing of it is linked into anything here.
package tools

import _ "github.com/rclone/rclone"
