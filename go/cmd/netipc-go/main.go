// Command netipc-go serves and asks NetIPC services, as the program netipc does, takes part in its
// benchmarks, and is the Go peer of the language matrix.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/netipc/netipc/go/cmd/netipc-go/internal/bench"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/call"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/cli"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/peer"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/serve"
	"github.com/netipc/netipc/go/cmd/netipc-go/internal/system"
)

const usage = `Usage: netipc-go COMMAND [OPTIONS]

Serves and asks NetIPC services, as the program netipc does.

Commands:
  serve  provides services until SIGINT or SIGTERM
  call   asks a service, once or again and again
  bench  is a peer of netipc bench --peer go=netipc-go, which leaves the word out
  peer   is the Go peer of the language matrix

netipc-go COMMAND --help tells more.

`

func main() {
	// What is said when nobody listens any more ends no server.
	system.IgnoreBrokenPipes()
	env := cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: system.Stderr(), Getenv: os.LookupEnv}
	if system.StderrIsJournal(os.LookupEnv) {
		env.Stderr = cli.Journal{Writer: env.Stderr}
	}
	os.Exit(int(run(os.Args[1:], env)))
}

// run is the program; it returns what it ends with.
func run(args []string, env cli.Env) cli.Exit {
	commands := map[string]func([]string, cli.Env) error{
		"serve": serve.Run,
		"call":  call.Run,
		"bench": bench.Run,
		"peer":  peer.Run,
	}
	if len(args) == 0 {
		fmt.Fprint(env.Stderr, usage+cli.Table+"\n")
		return cli.Usage
	}
	word := args[0]
	command, known := commands[word]
	switch {
	case known:
		return cli.Report(command(args[1:], env), env.Stderr)
	case word == "help" || word == "--help" || word == "-h":
		fmt.Fprint(env.Stdout, usage+cli.Table+"\n")
		return cli.Done
	case strings.HasPrefix(word, "--"):
		// Options alone are how a peer of a benchmark is started.
		return cli.Report(bench.Run(args, env), env.Stderr)
	}
	return cli.Report(cli.Fail(cli.Usage, "there is no command %q: use serve, call, bench or peer", word), env.Stderr)
}
