// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"io"
	"log"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// Entry is one line of a plugin's log, as go-plugin understood it.
type Entry struct {
	Level   hclog.Level
	Message string
	Fields  map[string]string
}

// Log keeps everything that go-plugin and the plugin say.
type Log struct {
	hclog.Logger
	shared *entries
}

type entries struct {
	mutex sync.Mutex
	all   []Entry
}

// NewLog makes an empty one.
func NewLog() *Log {
	return &Log{Logger: hclog.NewNullLogger(), shared: &entries{}}
}

// Entries so far, the plugin's and go-plugin's own.
func (l *Log) Entries() []Entry {
	l.shared.mutex.Lock()
	defer l.shared.mutex.Unlock()
	return append([]Entry(nil), l.shared.all...)
}

// Has says whether a message holds this text.
func (l *Log) Has(text string) bool {
	for _, e := range l.Entries() {
		if strings.Contains(e.Message, text) {
			return true
		}
	}
	return false
}

// String is for the message of a failed test: all lines from info on.
func (l *Log) String() string {
	var text strings.Builder
	for _, e := range l.Entries() {
		if e.Level >= hclog.Info {
			fmt.Fprintf(&text, "    %s %s %v\n", e.Level, e.Message, e.Fields)
		}
	}
	return text.String()
}

// Log takes one entry; what the plugin writes to its standard error arrives here line by line.
func (l *Log) Log(level hclog.Level, message string, args ...any) {
	fields := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		fields[fmt.Sprint(args[i])] = fmt.Sprint(args[i+1])
	}
	l.shared.mutex.Lock()
	defer l.shared.mutex.Unlock()
	l.shared.all = append(l.shared.all, Entry{level, message, fields})
}

func (l *Log) Trace(message string, args ...any) { l.Log(hclog.Trace, message, args...) }
func (l *Log) Debug(message string, args ...any) { l.Log(hclog.Debug, message, args...) }
func (l *Log) Info(message string, args ...any)  { l.Log(hclog.Info, message, args...) }
func (l *Log) Warn(message string, args ...any)  { l.Log(hclog.Warn, message, args...) }
func (l *Log) Error(message string, args ...any) { l.Log(hclog.Error, message, args...) }

func (l *Log) IsTrace() bool                  { return true }
func (l *Log) IsDebug() bool                  { return true }
func (l *Log) IsInfo() bool                   { return true }
func (l *Log) IsWarn() bool                   { return true }
func (l *Log) IsError() bool                  { return true }
func (l *Log) Named(string) hclog.Logger      { return l }
func (l *Log) ResetNamed(string) hclog.Logger { return l }
func (l *Log) With(...any) hclog.Logger       { return l }
func (l *Log) GetLevel() hclog.Level          { return hclog.Trace }
func (l *Log) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return log.New(io.Discard, "", 0)
}
func (l *Log) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return io.Discard }
