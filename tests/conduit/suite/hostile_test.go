// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"fmt"
	"math/rand"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// conversation is what a client that means well sends: the preface, SETTINGS, a PING and a call of each kind.
func conversation(random *rand.Rand) []byte {
	var wire, block bytes.Buffer
	wire.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&wire, nil)
	encoder := hpack.NewEncoder(&block)
	_ = framer.WriteSettings()
	_ = framer.WritePing(false, [8]byte{1, 2, 3})
	paths := []string{"/connector.v2.SpecifierPlugin/Specify", "/connector.v2.SourcePlugin/Configure", "/connector.v2.SourcePlugin/Run",
		"/connector.v2.DestinationPlugin/Configure", "/connector.v2.DestinationPlugin/Run", "/connector.v2.DestinationPlugin/Open",
		"/connector.v2.SourcePlugin/Open", "/connector.v2.SourcePlugin/LifecycleOnUpdated", "/grpc.health.v1.Health/Check", "/no/such"}
	for i := range 6 {
		block.Reset()
		for _, field := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", paths[random.Intn(len(paths))]},
			{":authority", "unused"}, {"content-type", "application/grpc"}, {"te", "trailers"}} {
			_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
		}
		stream := uint32(2*i + 1)
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
		message := make([]byte, random.Intn(200))
		random.Read(message)
		frame := append([]byte{byte(random.Intn(2)), 0, 0, 0, byte(len(message))}, message...)
		_ = framer.WriteData(stream, random.Intn(2) == 0, frame)
	}
	return wire.Bytes()
}

// spoil changes, cuts, doubles or replaces a piece.
func spoil(random *rand.Rand, wire []byte) []byte {
	for range 1 + random.Intn(4) {
		at := random.Intn(len(wire))
		to := min(len(wire), at+1+random.Intn(40))
		switch random.Intn(4) {
		case 0:
			random.Read(wire[at:to])
		case 1:
			wire = append(wire[:at:at], wire[to:]...)
		case 2:
			wire = append(wire[:to:to], wire[at:]...)
		default:
			wire[at] ^= 1 << random.Intn(8)
		}
		if len(wire) == 0 {
			return []byte{0}
		}
	}
	return wire
}

// Garbage on the socket ends at most the connection that it came through; whoever else is connected is served on.
func TestGarbage(t *testing.T) {
	rounds := 500
	if n, err := strconv.Atoi(os.Getenv("CONDUIT_SUITE_GARBAGE")); err == nil {
		rounds = n
	}
	each(t, "calls out of their turn crash it", func(c *Case) {
		c.Bucket = c.NewBucket()
		s := c.OpenSource(nil)
		for seed := range rounds {
			random := rand.New(rand.NewSource(int64(seed)))
			wire := conversation(random)
			if seed > 0 { // the first one is sound: it shows that the others begin as something that is understood
				wire = spoil(random, wire)
			}
			conn, err := net.Dial(s.Addr().Network(), s.Addr().String())
			if err != nil {
				c.Failf("seed %d: nobody listens any more: %v", seed, err)
			}
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			_, _ = conn.Write(wire)
			if seed%8 == 0 { // the others do not wait for an answer
				_, _ = conn.Read(make([]byte, 512))
			}
			conn.Close()
			if seed%50 == 0 {
				c.Within(10*time.Second, fmt.Sprintf("the answer after seed %d", seed), s.Ping)
			}
		}
		c.Do(c.Bucket.Put(c.Ctx, "still", []byte("served")))
		if r, err := s.Next(patience); err != nil || string(r.Key.Bytes()) != "still" {
			c.Failf("after all that: %v, %v", r, err)
		}
		c.Do(s.TearDown(c.Ctx))
		c.Do(s.Leftovers())
	})
}
