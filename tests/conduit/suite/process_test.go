// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"conduit-connector-s3-tests/host"
)

const childVariable = "CONDUIT_SUITE_CHILD" // "KIND BUCKET": be a host that is going to be killed

// runAsHost is the other end of TestHostKilled: a process that has a plugin and reads a bucket.
func runAsHost() bool {
	kind, bucket, child := strings.Cut(os.Getenv(childVariable), " ")
	if !child {
		return false
	}
	var s *host.Source
	schema, err := host.NewSchemaService()
	if err == nil {
		s, err = host.NewSource(host.Options{Kind: host.Kind(kind), Schema: schema})
	}
	if err == nil {
		server := &host.Server{Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3")}
		err = s.Begin(context.Background(), server.Synthetic(bucket).Config(), nil)
	}
	if err != nil {
		fmt.Println("failed:", err)
		return true
	}
	fmt.Println(s.Pid(), s.TmpDir)
	select {}
}

// No plugin may outlive a host that was killed: nobody would ever end it.
func TestHostKilled(t *testing.T) {
	each(t, "it lives on for ever", func(c *Case) {
		c.Bucket = c.NewBucket()
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+string(c.Kind)+" "+c.Bucket.Name)
		out, err := child.StdoutPipe()
		c.Do(err)
		c.Do(child.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		c.Do(err)
		fields := strings.Fields(line)
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			c.Failf("the host said %q", line)
		}
		defer os.RemoveAll(fields[1])
		defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
		c.Do(child.Process.Kill())
		_ = child.Wait()
		deadline := time.Now().Add(15 * time.Second)
		for alive(pid) {
			if time.Now().After(deadline) {
				c.Failf("the plugin still runs")
			}
			time.Sleep(50 * time.Millisecond)
		}
		left, err := os.ReadDir(fields[1])
		c.Do(err)
		if len(left) > 0 {
			c.Failf("it left %v behind", left)
		}
	})
}

// alive is false for zombies too: whoever adopts them has no hurry.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	after := stat[bytes.LastIndexByte(stat, ')')+1:]
	return len(after) > 1 && after[1] != 'Z'
}

// bareProcess is the executable without go-plugin.
type bareProcess struct {
	*os.Process
	stdout *bufio.Reader
	stderr *os.File
	ended  chan struct{}
	status int // after ended
}

func startBare(c *Case, env ...string) *bareProcess {
	tmp, err := os.MkdirTemp("", "host")
	c.Do(err)
	c.Cleanup(func() { os.RemoveAll(tmp) })
	reader, writer, err := os.Pipe()
	c.Do(err)
	stderr, err := os.Create(filepath.Join(tmp, "stderr"))
	c.Do(err)
	cmd := exec.Command(c.Kind.Path())
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + tmp,
		"CONDUIT_PLUGIN_MAGIC_COOKIE=204e8e812c3a1bb73b838928c575b42a105dd2e9aa449be481bc4590486df53f",
		"PLUGIN_PROTOCOL_VERSIONS=2,1", "PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000",
		"CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET=[::]:1", "CONDUIT_CONNECTOR_TOKEN=t", "CONDUIT_CONNECTOR_ID=i"}, env...)
	cmd.Stdout = writer
	cmd.Stderr = stderr
	c.Do(cmd.Start())
	writer.Close()
	b := &bareProcess{Process: cmd.Process, stdout: bufio.NewReader(reader), stderr: stderr, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		b.status = cmd.ProcessState.ExitCode()
		close(b.ended)
	}()
	c.Cleanup(func() { _ = b.Kill(); <-b.ended; reader.Close(); stderr.Close() })
	return b
}

// end waits until the process has ended, and returns what it wrote on standard output and was not read yet.
func (b *bareProcess) end(c *Case) (rest []byte) {
	c.Within(10*time.Second, "the end", func() error { <-b.ended; return nil })
	rest, err := io.ReadAll(b.stdout)
	c.Do(err)
	return rest
}

// handshake reads the line and takes it apart.
func (b *bareProcess) handshake(c *Case) []string {
	line, err := b.stdout.ReadString('\n')
	c.Do(err)
	fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
	if len(fields) < 5 || fields[0] != "1" || fields[1] != "2" || fields[4] != "grpc" {
		c.Failf("handshake %q", line)
	}
	return fields
}

func TestHandshake(t *testing.T) {
	each(t, "a SIGINT right after the handshake ends it", func(c *Case) {
		for _, versions := range []string{"1,2", "2,1", "2"} {
			b := startBare(c, "PLUGIN_PROTOCOL_VERSIONS="+versions)
			fields := b.handshake(c)
			if fields[2] != "unix" {
				c.Failf("%v", fields)
			}
			_, err := os.Stat(fields[3])
			c.Do(err)
			c.Do(b.Signal(syscall.SIGINT)) // Ctrl-C reaches the whole group; Conduit then stops its plugins in order
			select {
			case <-b.ended:
				c.Failf("SIGINT ended it")
			case <-time.After(200 * time.Millisecond):
			}
			c.Do(b.Signal(syscall.SIGTERM))
			if rest := b.end(c); len(rest) > 0 {
				c.Failf("more on standard output: %q", rest)
			}
		}
	})
}

// SIGTERM ends it, and its socket goes with it.
func TestTerminated(t *testing.T) {
	each(t, "SIGTERM leaves the socket behind", func(c *Case) {
		b := startBare(c)
		fields := b.handshake(c)
		c.Do(b.Signal(syscall.SIGTERM))
		b.end(c)
		if _, err := os.Stat(fields[3]); err == nil {
			c.Failf("%s is still there", fields[3])
		}
	})
}

// Where no unix socket can be, TCP serves.
func TestHandshakeTCP(t *testing.T) {
	each(t, "it gives up", func(c *Case) {
		long := filepath.Join(os.TempDir(), strings.Repeat("long", 30))
		c.Do(os.MkdirAll(long, 0o700))
		defer os.RemoveAll(long)
		for _, dir := range []string{long, "/nowhere/at/all"} {
			b := startBare(c, "TMPDIR="+dir)
			fields := b.handshake(c)
			if fields[2] != "tcp" || !strings.HasPrefix(fields[3], "127.0.0.1:") {
				c.Failf("%v", fields)
			}
		}
	})
}

// Over TCP all is as over a unix socket: records come, and the process leaves when it is told.
func TestTCPServes(t *testing.T) {
	each(t, "it gives up", func(c *Case) {
		c.Bucket = c.NewBucket()
		s := c.NewSource(host.Options{Env: map[string]string{"TMPDIR": "/nowhere/at/all"}})
		if s.Addr().Network() != "tcp" {
			c.Failf("it listens on %v", s.Addr())
		}
		c.Do(s.Begin(c.Ctx, c.Bucket.Config(), nil))
		want := objects("o", 20)
		c.Do(c.Bucket.PutAll(c.Ctx, want))
		got, err := s.Take(20, patience)
		c.Do(err)
		c.Same(want, got)
		c.EndSource(s, got[19].Position)
	})
}

// Nothing that is open may reach a process that the plugin, or a library in it, might start: whoever holds standard output holds up the host.
func TestDescriptorsAreClosedOnExec(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{})
		sent := records(3)
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		mine := inheritable(c, os.Getpid()) // what we were given by whoever runs the tests the plugin has, too
		for n, target := range inheritable(c, d.Pid()) {
			if n > 2 && mine[n] != target {
				c.Failf("descriptor %d (%s) would be inherited", n, target)
			}
		}
		c.EndDestination(d, sent[2].Position)
	})
}

// inheritable descriptors of a process, and what they are.
func inheritable(c *Case, pid int) map[int]string {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fdinfo", pid))
	c.Do(err)
	found := map[int]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, entry.Name()))
		_, after, _ := strings.Cut(string(text), "flags:")
		if err != nil || after == "" {
			continue // closed meanwhile
		}
		flags, err := strconv.ParseInt(strings.Fields(after)[0], 8, 64)
		c.Do(err)
		if flags&syscall.O_CLOEXEC == 0 {
			n, _ := strconv.Atoi(entry.Name())
			found[n], _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, n))
		}
	}
	return found
}

// Started wrongly: a message for people on standard error, nothing on standard output, status 1.
func TestRefusedStart(t *testing.T) {
	each(t, "it serves protocol 1 as well, and its own with a version nobody offered", func(c *Case) {
		for _, env := range []string{"CONDUIT_PLUGIN_MAGIC_COOKIE=wrong", "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_PROTOCOL_VERSIONS=7"} {
			b := startBare(c, env)
			out := b.end(c)
			said, err := os.ReadFile(b.stderr.Name())
			c.Do(err)
			if len(out) > 0 || len(said) == 0 || b.status != 1 {
				c.Failf("%s: status %d, standard output %q, standard error %q", env, b.status, out, said)
			}
		}
	})
}

// What Conduit shows of the log has a level, a message and fields; every line is an object whose marked values are strings.
func TestLog(t *testing.T) {
	each(t, "", func(c *Case) {
		c.Bucket = c.NewBucket()
		d := c.OpenDestination(host.Options{LogLevel: "debug"})
		sent := records(3)
		c.Do(d.Send(sent...))
		c.Acked(d, sent)
		c.EndDestination(d, sent[2].Position)
		for _, e := range d.Log.Entries() {
			var object map[string]any
			if json.Unmarshal([]byte(e.Message), &object) == nil {
				c.Failf("a line was not understood: %s", e.Message)
			}
			for _, taken := range []string{"level", "message", "component", "connector_id", "plugin_name"} {
				if _, used := e.Fields[taken]; used && c.Kind == host.Ours {
					c.Failf("field %s collides with Conduit's own: %+v", taken, e)
				}
			}
		}
	})
}

// Start, use, stop, again and again: nothing may be left in this process, in the folder of sockets, or running.
func TestCycles(t *testing.T) {
	cycles := 2000
	if n, err := strconv.Atoi(os.Getenv("CONDUIT_SUITE_CYCLES")); err == nil {
		cycles = n
	}
	bucket, err := server.NewBucket(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	var descriptors int
	for i := range cycles {
		if i == 5 { // by then everything that is kept for later has been opened
			descriptors = openDescriptors(t)
		}
		cycle(t, bucket, i)
	}
	if now := openDescriptors(t); now > descriptors+3 {
		t.Errorf("%d descriptors were open after 5 cycles, %d are after %d", descriptors, now, cycles)
	}
}

func cycle(t *testing.T, bucket *host.Bucket, i int) {
	var p *host.Plugin
	var err error
	if i%2 == 0 {
		var s *host.Source
		if s, err = host.NewSource(host.Options{Kind: host.Ours, Schema: schema}); err == nil {
			p = s.Plugin
			if err = s.Begin(t.Context(), bucket.Config(), nil); err == nil {
				err = s.TearDown(t.Context())
			}
		}
	} else {
		var d *host.Destination
		if d, err = host.NewDestination(host.Options{Kind: host.Ours, Schema: schema}); err == nil {
			p = d.Plugin
			if err = d.Begin(t.Context(), bucket.Config("format", "json")); err == nil {
				err = d.TearDown(t.Context())
			}
		}
	}
	if err != nil {
		t.Fatalf("cycle %d: %v", i, err)
	}
	pid := p.Pid()
	if err := p.Leftovers(); err != nil {
		t.Fatalf("cycle %d: %v\n%s", i, err, p.Log)
	}
	if alive(pid) {
		t.Fatalf("cycle %d: process %d is still there", i, pid)
	}
}

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
