// SPDX-License-Identifier: Apache-2.0

// Package host starts connector plugins the way Conduit does, through the real pconnector client and go-plugin, and gives tests and
// benchmarks the calls that Conduit makes, in any order and at any moment.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/conduitio/conduit-connector-protocol/pconnector"
	"github.com/conduitio/conduit-connector-protocol/pconnector/client"
	"github.com/conduitio/conduit-connector-protocol/pconnutils"
	"github.com/hashicorp/go-plugin"
)

// Kind says whose plugin it is.
type Kind string

const (
	Ours      Kind = "ours"
	Reference Kind = "reference"
)

// Path of the executable; scripts/conduit-build.sh and make put them there, the variables name others.
func (k Kind) Path() string {
	if k == Reference {
		return fromEnv("S3C_REFERENCE_PLUGIN", "build/conduit/reference")
	}
	return fromEnv("S3C_PLUGIN", "build/release/src/cli/conduit-connector-s3")
}

func fromEnv(variable, path string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return filepath.Join(projectRoot(), path)
}

// projectRoot is found from wherever in the project a program runs.
func projectRoot() string {
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, missing := os.Stat(filepath.Join(dir, "meson_options.txt")); missing == nil { // only the root has one
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return "."
}

// Options of one process.
type Options struct {
	Kind        Kind
	ConnectorID string            // CONDUIT_CONNECTOR_ID; default "host"
	LogLevel    string            // default "debug"
	MaxReceive  int               // CONDUIT_CONNECTOR_MAX_RECEIVE_RECORD_SIZE; 0: Conduit's default
	Env         map[string]string // further variables; they win
	Schema      *SchemaService    // nil: a target where nobody listens
	Unread      bool              // the specification is asked for: as Conduit does it, without log level and limit
}

// Plugin is one process of a connector.
type Plugin struct {
	Kind   Kind
	Log    *Log
	TmpDir string // where its socket lives

	cmd    *exec.Cmd
	client *plugin.Client
	token  string
	schema *SchemaService
}

// captureCmd keeps the command that the pconnector client makes, for its process id and its times.
type captureCmd struct{ p *Plugin }

func (c captureCmd) ApplyOption(config *plugin.ClientConfig) error {
	c.p.cmd = config.Cmd
	return nil
}

// Start runs the process and shakes hands.
func Start(o Options) (*Plugin, error) {
	tmp, err := os.MkdirTemp("", "host")
	if err != nil {
		return nil, err
	}
	p := &Plugin{Kind: o.Kind, Log: NewLog(), TmpDir: tmp, schema: o.Schema}
	options := []client.Option{captureCmd{p}}
	for name, value := range p.environment(o) {
		options = append(options, client.WithEnvVar(name, value))
	}
	p.client, err = client.New(p.Log, o.Kind.Path(), options...)
	if err == nil {
		_, err = p.client.Client()
	}
	if err != nil {
		p.Kill()
		os.RemoveAll(tmp)
		return nil, fmt.Errorf("starting %s: %w", o.Kind.Path(), err)
	}
	return p, nil
}

func (p *Plugin) environment(o Options) map[string]string {
	env := map[string]string{"TMPDIR": p.TmpDir, pconnector.EnvConduitConnectorID: "host"}
	if o.ConnectorID != "" {
		env[pconnector.EnvConduitConnectorID] = o.ConnectorID
	}
	if p.schema != nil {
		p.token = p.schema.NewToken(env[pconnector.EnvConduitConnectorID])
		env[pconnutils.EnvConduitConnectorUtilitiesGRPCTarget] = p.schema.Target
		env[pconnutils.EnvConduitConnectorToken] = p.token
	} else {
		env[pconnutils.EnvConduitConnectorUtilitiesGRPCTarget] = "127.0.0.1:1"
		env[pconnutils.EnvConduitConnectorToken] = "irrelevant-token"
	}
	if !o.Unread {
		env[pconnector.EnvConduitConnectorLogLevel] = "debug"
		env[pconnector.EnvConduitConnectorMaxReceiveRecordSize] = "4194304"
	}
	if o.LogLevel != "" {
		env[pconnector.EnvConduitConnectorLogLevel] = o.LogLevel
	}
	if o.MaxReceive > 0 {
		env[pconnector.EnvConduitConnectorMaxReceiveRecordSize] = fmt.Sprint(o.MaxReceive)
	}
	for name, value := range o.Env {
		env[name] = value
	}
	return env
}

func (p *Plugin) dispense(what string) (any, error) {
	rpc, err := p.client.Client()
	if err != nil {
		return nil, err
	}
	return rpc.Dispense(what)
}

// Specify asks for the specification.
func (p *Plugin) Specify(ctx context.Context) (pconnector.Specification, error) {
	raw, err := p.dispense("specifier")
	if err != nil {
		return pconnector.Specification{}, err
	}
	reply, err := raw.(pconnector.SpecifierPlugin).Specify(ctx, pconnector.SpecifierSpecifyRequest{})
	return reply.Specification, err
}

// Ping asks the health service, as go-plugin does.
func (p *Plugin) Ping() error {
	rpc, err := p.client.Client()
	if err != nil {
		return err
	}
	return rpc.Ping()
}

// Pid of the process.
func (p *Plugin) Pid() int { return p.cmd.Process.Pid }

// Addr is where it listens.
func (p *Plugin) Addr() net.Addr { return p.client.ReattachConfig().Addr }

// Exited says whether the process has ended.
func (p *Plugin) Exited() bool { return p.client.Exited() }

// Used is the CPU time of an ended process.
func (p *Plugin) Used() time.Duration {
	if p.cmd == nil || p.cmd.ProcessState == nil {
		return 0
	}
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Kill ends the process as Conduit does: Shutdown, two seconds of patience, SIGKILL. It may be called again.
func (p *Plugin) Kill() {
	if p.client != nil {
		p.client.Kill()
	}
	if p.schema != nil {
		p.schema.Revoke(p.token)
	}
}

// Leftovers ends the process and says what it did not clean up, or that it had to be killed.
func (p *Plugin) Leftovers() error {
	p.Kill()
	defer os.RemoveAll(p.TmpDir)
	var problems []string
	if p.Log.Has("plugin failed to exit gracefully") {
		problems = append(problems, "it had to be killed")
	}
	if state := p.cmd.ProcessState; state != nil && !state.Success() {
		problems = append(problems, "it ended with "+state.String())
	}
	files, err := os.ReadDir(p.TmpDir)
	if err != nil {
		return err
	}
	for _, file := range files {
		problems = append(problems, "it left "+file.Name()+" behind")
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}
