// Package netipc_test tries what the README shows.
package netipc_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/netipc/netipc/go"

// imports are what pieces that are no whole program may use.
var imports = []string{
	"context", "errors", "fmt", "log/slog", "os/signal", "sync", "syscall", "time",
	module + "/protocol", module + "/service", module + "/service/apps_lookup", module + "/service/cgroups_lookup",
	module + "/service/cgroups_snapshot", module + "/service/increment", module + "/transport/posix",
}

func TestEveryPieceCompiles(t *testing.T) {
	dir := program(t)
	whole, parts := 0, 0
	for _, page := range []string{"README.md", "../README.md", "../docs/enricher.md"} {
		for i, piece := range pieces(t, page) {
			if strings.HasPrefix(piece, "package main") {
				whole++
				write(t, filepath.Join(dir, fmt.Sprint("whole", whole), "main.go"), piece)
			} else {
				parts++
				// A package for each: what one names is no business of another.
				write(t, filepath.Join(dir, fmt.Sprint("part", parts), "part.go"), "package part\n\n"+used(piece)+piece)
			}
			formatted, err := format.Source([]byte(piece))
			if err != nil || string(formatted) != piece {
				t.Errorf("piece %d of %s is not as gofmt has it (%v)", i, page, err)
			}
		}
	}
	if whole < 3 || parts < 7 {
		t.Errorf("there are %d programs and %d parts", whole, parts)
	}
	run(t, dir, "go", "mod", "tidy")
	run(t, dir, "go", "vet", "./...")
}

func TestTheFirstProgramsFindEachOther(t *testing.T) {
	dir := program(t)
	for i, name := range []string{"server", "client"} {
		write(t, filepath.Join(dir, name, "main.go"), pieces(t, "README.md")[i])
	}
	run(t, dir, "go", "mod", "tidy")
	programs, runDir := t.TempDir(), t.TempDir()
	run(t, dir, "go", "build", "-o", programs, "./server", "./client")

	server := exec.CommandContext(t.Context(), filepath.Join(programs, "server"), runDir)
	events, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	line, err := bufio.NewReader(events).ReadString('\n')
	if err != nil || !strings.Contains(line, "netipc: listening") {
		t.Fatal(line, err)
	}
	if said := run(t, dir, filepath.Join(programs, "client"), runDir); said != "docker-abc123: /docker/abc123\n" {
		t.Errorf("the client says %q", said)
	}
}

// program returns the directory of a new module that finds this one where it is, by the commands that
// the README has.
func program(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, "go", "mod", "init", "example")
	run(t, dir, "go", "mod", "edit", "-replace", module+"="+here)
	readme := read(t, "README.md")
	for _, command := range []string{"go mod init example", "go mod edit -replace " + module + "=", "go mod tidy"} {
		if !strings.Contains(readme, "$ "+command) {
			t.Errorf("the README does not say %q", command)
		}
	}
	return dir
}

// pieces returns the blocks of Go in a page.
func pieces(t *testing.T, page string) []string {
	t.Helper()
	var found []string
	for _, block := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(read(t, page), -1) {
		found = append(found, block[1])
	}
	return found
}

// used returns the imports of what a piece names.
func used(piece string) string {
	var list strings.Builder
	for _, path := range imports {
		if regexp.MustCompile(`\b` + filepath.Base(path) + `\.[A-Z]`).MatchString(piece) {
			fmt.Fprintf(&list, "import %q\n", path)
		}
	}
	return list.String()
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command that must succeed; it returns what it wrote. Modules come from where this one's
// come from: nothing is looked for in the network.
func run(t *testing.T, dir, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), name, arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOPROXY=off", "GONOSUMDB=*", "GOWORK=off", "GOFLAGS=", "PWD="+dir)
	var out, told bytes.Buffer
	command.Stdout, command.Stderr = &out, &told
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(arguments, " "), err, out.String(), told.String())
	}
	return out.String()
}
