package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An invocation id and its token, of the contract's table, and another id.
const (
	invocation      = "00112233-4455-6677-8899-aabbccddeeff"
	invocationToken = "0xc56cde21e711bf96"
	otherInvocation = "7f3c1d2e9a4b4c5d8e6f0123456789ab"
	agentsSnapshot  = `{"service": "cgroups-snapshot", "generation": 7, "systemd_enabled": 1, "items": [
		{"hash": 1, "options": 0, "enabled": 1, "name": "web", "path": "/web"}]}`
)

// beside is the program with --netdata and these variables of an agent, and no others.
func (p place) beside(runDir string, variables []string, args ...string) *exec.Cmd {
	cmd := command(p.t, append(args, "--netdata")...)
	cmd.Env = append(append(cmd.Env, "NETDATA_RUN_DIR="+runDir), variables...)
	return cmd
}

// ask asks a plugin of the agent; what the program says must hold no secret.
func (p place) ask(variables []string, args ...string) ended {
	p.t.Helper()
	e := ends(p.t, p.beside(p.runDir(), variables, append([]string{"call", "cgroups-snapshot"}, args...)...))
	said := strings.ToLower(e.stdout + e.stderr)
	for _, secret := range []string{invocationToken[2:], invocation, "14225989560148541334"} {
		if strings.Contains(said, secret) {
			p.t.Errorf("%q: %s", e.args, said)
		}
	}
	return e
}

// plugin serves as a plugin of the agent does, or as somebody else does with args.
func (p place) plugin(variables []string, args ...string) (end func()) {
	args = append([]string{"serve", "--data", p.write("snapshot.json", agentsSnapshot)}, args...)
	return p.start(p.beside(p.runDir(), variables, args...))
}

// Rules A2, A3.
func TestAnAgentsPluginIsAskedWithoutItsToken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	end := p.plugin([]string{"NETDATA_INVOCATION_ID=" + invocation})
	for _, row := range [][2]string{
		{},
		{"", "--profiles=baseline"},
		{"", "--json"},
		{"NETDATA_INVOCATION_ID=" + invocation},
		{"NETDATA_INVOCATION_ID="},
		// As systemd sets it for every unit, and every session of a desktop.
		{"INVOCATION_ID=" + otherInvocation},
		{"NETDATA_INVOCATION_ID=" + otherInvocation, "--auth-token=" + invocationToken},
	} {
		var args []string
		if row[1] != "" {
			args = row[1:]
		}
		if text := p.ask(row[:1], args...).text(t); !strings.Contains(text, "/web") {
			t.Errorf("%q: %s", row, text)
		}
	}
	p.ask([]string{"NETDATA_INVOCATION_ID=" + otherInvocation}).failed(t, 4, "auth failed", "cgroups-snapshot.sock")
	p.ask([]string{"NETDATA_INVOCATION_ID=none"}).failed(t, 2, "invalid", "no invocation id")
	p.ask(nil, "--auth-token=1").failed(t, 4, "auth failed", "cgroups-snapshot.sock")
	end()
	p.ask(nil).failed(t, 3, "not found", "cgroups-snapshot.sock")
}

// Rule A3.
func TestAProviderThatNoAgentHasStartedGivesNoToken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.plugin(nil, "--auth-token="+invocationToken)
	for _, part := range []string{"cgroups-snapshot.sock", "is set here", "gives none: process ", "pass the token"} {
		p.ask(nil).failed(t, 2, "invalid", part)
	}
	if text := p.ask([]string{"INVOCATION_ID=" + invocation}).text(t); !strings.Contains(text, "/web") {
		t.Error(text)
	}
	p.ask([]string{"INVOCATION_ID=" + otherInvocation}).failed(t, 4, "auth failed", "cgroups-snapshot.sock")
	p.ask([]string{"INVOCATION_ID=none"}).failed(t, 2, "invalid", "no invocation id")
}

// Rule A2.
func TestAProviderMakesTheAgentsRunDirectoryAndLeavesIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	runDir := filepath.Join(p.dir, "agent")
	end := p.start(p.beside(runDir, []string{"INVOCATION_ID=" + invocation}, "serve", increments))
	if text := ends(t, p.beside(runDir, nil, "call", "increment", "1")).text(t); text != "2\n" {
		t.Error(text)
	}
	end()
	if names, err := os.ReadDir(runDir); err != nil || len(names) > 0 {
		t.Error(names, err)
	}
}

// Rule A3.
func TestAProviderNeedsTheAgentsToken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ends(t, p.beside(p.runDir(), nil, "serve", increments)).
		failed(t, 2, "invalid", "neither NETDATA_INVOCATION_ID nor INVOCATION_ID is set")
}
