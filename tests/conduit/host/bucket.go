// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/conduitio/conduit-commons/config"
)

// Server is a running S3 stand-in (tests/support/s3d).
type Server struct {
	Endpoint string

	client *s3.Client
	cmd    *exec.Cmd
	made   atomic.Int64
}

const (
	accessKey = "AKTEST"
	secretKey = "sktest"
)

// StartServer runs s3d with these arguments.
func StartServer(arguments ...string) (*Server, error) {
	path := fromEnv("S3D_PROGRAM", "build/release/tests/support/s3d/s3d")
	cmd := exec.Command(path, arguments...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting s3d: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s said nothing: %w", path, err)
	}
	endpoint := line[strings.LastIndex(line, " ")+1 : len(line)-1]
	return &Server{Endpoint: endpoint, cmd: cmd, client: newClient(endpoint)}, nil
}

func newClient(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint:               aws.String(endpoint),
		UsePathStyle:               true,
		Region:                     "us-east-1",
		Credentials:                credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

// Stop ends it.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// Fault queues one (tests/support/s3d/README.md); pairs of names and values.
func (s *Server) Fault(pairs ...string) error {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	reply, err := http.PostForm(s.Endpoint+"/_s3d/fault", form)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(reply.Body)
		return fmt.Errorf("s3d refused the fault: %s", text)
	}
	return nil
}

// Bucket is one of its buckets.
type Bucket struct {
	Name   string
	Server *Server
}

// NewBucket makes one.
func (s *Server) NewBucket(ctx context.Context, versioned bool) (*Bucket, error) {
	b := &Bucket{fmt.Sprintf("b-%d", s.made.Add(1)), s}
	if _, err := s.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b.Name}); err != nil {
		return nil, err
	}
	if !versioned {
		return b, nil
	}
	_, err := s.client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &b.Name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	return b, err
}

// Synthetic names a bucket that s3d filled itself (--synth).
func (s *Server) Synthetic(name string) *Bucket { return &Bucket{name, s} }

// Config of a source or destination, in the spelling that both connectors know.
func (b *Bucket) Config(more ...string) config.Config {
	c := config.Config{
		"aws.accessKeyId":     accessKey,
		"aws.secretAccessKey": secretKey,
		"aws.region":          "us-east-1",
		"aws.bucket":          b.Name,
	}
	for i := 0; i+1 < len(more); i += 2 {
		c[more[i]] = more[i+1]
	}
	return c
}

// Put writes one object.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) error {
	_, err := b.Server.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.Name, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("text/plain"),
	})
	return err
}

// PutAll writes these objects, several at a time.
func (b *Bucket) PutAll(ctx context.Context, objects map[string][]byte) error {
	var wait sync.WaitGroup
	var failure atomic.Value
	slots := make(chan struct{}, 8)
	for key, body := range objects {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wait.Done() }()
			if err := b.Put(ctx, key, body); err != nil {
				failure.Store(err)
			}
		}()
	}
	wait.Wait()
	if err, failed := failure.Load().(error); failed {
		return err
	}
	return nil
}

// Delete removes one object.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.Server.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Name, Key: &key})
	return err
}

// Remove deletes the bucket itself; it must be empty.
func (b *Bucket) Remove(ctx context.Context) error {
	_, err := b.Server.client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b.Name})
	return err
}

// Objects are keys with their bytes.
func (b *Bucket) Objects(ctx context.Context) (map[string][]byte, error) {
	found := map[string][]byte{}
	pages := s3.NewListObjectsV2Paginator(b.Server.client, &s3.ListObjectsV2Input{Bucket: &b.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			if found[*object.Key], err = b.get(ctx, object.Key); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// Line is a record in a JSON file of the destination.
type Line struct {
	Operation                                      string
	Position, Payload, Key                         *string
	Metadata                                       map[string]string
	PositionEncoding, PayloadEncoding, KeyEncoding string
}

func decoded(text *string, encoding string) string {
	if text == nil {
		return ""
	}
	if encoding == "base64" {
		raw, _ := base64.StdEncoding.DecodeString(*text)
		return string(raw)
	}
	return *text
}

// PayloadBytes, KeyBytes and PositionBytes undo the encoding that the line names.
func (l Line) PayloadBytes() string  { return decoded(l.Payload, l.PayloadEncoding) }
func (l Line) KeyBytes() string      { return decoded(l.Key, l.KeyEncoding) }
func (l Line) PositionBytes() string { return decoded(l.Position, l.PositionEncoding) }

// Lines of all JSON files, in the order of the files' names.
func (b *Bucket) Lines(ctx context.Context) (lines []Line, err error) {
	err = b.EachLine(ctx, func(line Line) { lines = append(lines, line) })
	return lines, err
}

// EachLine gives the lines of all JSON files, in the order of the files' names, one file at a time.
func (b *Bucket) EachLine(ctx context.Context, each func(Line)) error {
	pages := s3.NewListObjectsV2Paginator(b.Server.client, &s3.ListObjectsV2Input{Bucket: &b.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, object := range page.Contents { // S3 lists in the order of names
			body, err := b.get(ctx, object.Key)
			if err != nil {
				return err
			}
			for reader := json.NewDecoder(bytes.NewReader(body)); reader.More(); {
				var line Line
				if err := reader.Decode(&line); err != nil {
					return fmt.Errorf("%s: %w", *object.Key, err)
				}
				each(line)
			}
		}
	}
	return nil
}

func (b *Bucket) get(ctx context.Context, key *string) ([]byte, error) {
	reply, err := b.Server.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: key})
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	return io.ReadAll(reply.Body)
}
