// Loads a runtime plugin as pod-controller does, and runs a container through it:
//
//	load PLUGIN PROGRAM [ARGUMENT...]
//
// It starts the container, looks into it with Exec, and ends it by Kill unless it ends by itself before. Each step is a
// line on the standard output.
package main

import (
	"fmt"
	"os"
	"plugin"
	"time"

	oci "github.com/opencontainers/runtime-spec/specs-go"
)

// Container is the interface that a plugin's containers have.
type Container interface {
	Start() error
	Wait() error
	Kill(signal int) error
	Exec(program string, arguments ...string) (int, error)
}

// load finds Bootstrapper in the plugin at path.
func load(path string) (func(oci.Spec, map[string]interface{}) (interface{}, error), error) {
	loaded, err := plugin.Open(path)
	if err != nil {
		return nil, err
	}
	symbol, err := loaded.Lookup("Bootstrapper")
	if err != nil {
		return nil, err
	}
	bootstrapper, ok := symbol.(*func(oci.Spec, map[string]interface{}) (interface{}, error))
	if !ok {
		return nil, fmt.Errorf("%s: Bootstrapper is a %T", path, symbol)
	}
	return *bootstrapper, nil
}

func run(path string, args []string) error {
	bootstrapper, err := load(path)
	if err != nil {
		return err
	}
	made, err := bootstrapper(oci.Spec{Process: &oci.Process{Args: args}}, map[string]interface{}{"image": "none"})
	if err != nil {
		return err
	}
	container, ok := made.(Container)
	if !ok {
		return fmt.Errorf("%s: a %T is no container", path, made)
	}
	if err := container.Start(); err != nil {
		return err
	}
	fmt.Println("started")
	over := make(chan error)
	go func() { over <- container.Wait() }()
	code, err := container.Exec("sh", "-c", "exit 7")
	fmt.Println("exec:", code, err)
	code, err = container.Exec("no-such-program")
	fmt.Println("exec:", code, err)
	select {
	case err = <-over:
	case <-time.After(time.Second):
		fmt.Println("kill:", container.Kill(9))
		err = <-over
	}
	fmt.Println("wait:", err)
	fmt.Println("kill:", container.Kill(9))
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: load PLUGIN PROGRAM [ARGUMENT...]")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
