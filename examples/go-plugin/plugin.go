// A runtime plugin in Go, as programs load it that were written for pod-controller: a shared object with one variable,
//
//	var Bootstrapper func(spec oci.Spec, meta map[string]interface{}) (interface{}, error)
//
// which makes containers that have Start, Wait, Kill and Exec. Their work is done by cpod's native runtime, reached
// through libcpod (cgo). Build it, with cpod and Debian's golang-go and golang-github-opencontainers-specs-dev installed:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -buildmode=plugin -o cpod.so
//
// Go loads a plugin only into a program that was built by the same Go with the same packages.
package main

/*
#cgo pkg-config: libcpod
#include <cpod/cpod.h>
#include <stdlib.h>
#include <string.h>

// Go cannot call through the members of a table: each operation has a function here.

static int
make_container (const struct cpod_runtime *rt, const char *name, const char *id, const char *spec, const char *metadata,
                struct cpod_rt_container **ret_container, struct cpod_error *err)
{
	struct cpod_rt_container_config config = {
		.size = sizeof (config), .name = name, .id = id, .spec_json = spec, .spec_len = strlen (spec),
		.metadata_json = metadata, .metadata_len = strlen (metadata), .stdio_fd = { -1, -1, -1 },
	};

	return rt->create (NULL, &config, ret_container, err);
}

static int
start_container (const struct cpod_runtime *rt, struct cpod_rt_container *c, struct cpod_error *err)
{
	return rt->start (c, err);
}

static int
wait_container (const struct cpod_runtime *rt, struct cpod_rt_container *c, struct cpod_rt_exit *ret, struct cpod_error *err)
{
	return rt->wait (c, ret, err);
}

static int
kill_container (const struct cpod_runtime *rt, struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	return rt->kill (c, signal, err);
}

static int
exec_in_container (const struct cpod_runtime *rt, struct cpod_rt_container *c, char **argv, struct cpod_rt_exit *ret,
                   struct cpod_error *err)
{
	return rt->exec (c, (const char *const *) argv, ret, err);
}

static void
destroy_container (const struct cpod_runtime *rt, struct cpod_rt_container *c)
{
	rt->destroy (c);
}
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	oci "github.com/opencontainers/runtime-spec/specs-go"
)

// ExitError is how a program has ended that did not end well.
type ExitError struct {
	Code   int            // 0 to 255, or 128 + Signal
	Signal syscall.Signal // 0 when it ended by itself
}

func (e *ExitError) Error() string {
	if e.Signal != 0 {
		return "signal: " + e.Signal.String()
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// container is what Bootstrapper makes. Its methods may be called from any goroutine; no call outlives Wait.
type container struct {
	runtime *C.struct_cpod_runtime
	c       *C.struct_cpod_rt_container

	calls sync.WaitGroup // Kill and Exec in progress
	lock  sync.Mutex
	over  bool // Wait has returned, or Start failed: c is given back
}

// enter counts a call in; it is refused when the container is over.
func (ctn *container) enter() error {
	ctn.lock.Lock()
	defer ctn.lock.Unlock()
	if ctn.over {
		return syscall.ESRCH
	}
	ctn.calls.Add(1)
	return nil
}

// leave gives the container back, once no call is in progress on it.
func (ctn *container) leave() {
	ctn.lock.Lock()
	ctn.over = true
	ctn.lock.Unlock()
	ctn.calls.Wait()
	C.destroy_container(ctn.runtime, ctn.c)
}

// refusal is why a call of the runtime failed: errors.Is knows its errno.
type refusal struct {
	message string
	errno   syscall.Errno
}

func (r *refusal) Error() string { return r.message }
func (r *refusal) Unwrap() error { return r.errno }

// failure is the error of a call that returned ret.
func failure(ret C.int, err *C.struct_cpod_error) error {
	return &refusal{C.GoString(&err.message[0]), syscall.Errno(-ret)}
}

// ended is how a program has ended, nil for exit status 0.
func ended(exit *C.struct_cpod_rt_exit) error {
	if exit.code == 0 && exit.signal == 0 {
		return nil
	}
	return &ExitError{int(exit.code), syscall.Signal(exit.signal)}
}

// Start returns when the program has been executed, or cannot be.
func (ctn *container) Start() error {
	var err C.struct_cpod_error
	if ret := C.start_container(ctn.runtime, ctn.c, &err); ret < 0 {
		ctn.leave()
		return failure(ret, &err)
	}
	return nil
}

// Wait returns when the container has ended: nil for exit status 0, else an *ExitError. To be called once, after Start.
func (ctn *container) Wait() error {
	var exit C.struct_cpod_rt_exit
	var err C.struct_cpod_error
	ret := C.wait_container(ctn.runtime, ctn.c, &exit, &err)
	ctn.leave()
	if ret < 0 {
		return failure(ret, &err)
	}
	return ended(&exit)
}

// Kill sends a signal to the container's program.
func (ctn *container) Kill(signal int) error {
	if err := ctn.enter(); err != nil {
		return err
	}
	defer ctn.calls.Done()
	var err C.struct_cpod_error
	if ret := C.kill_container(ctn.runtime, ctn.c, C.int(signal), &err); ret < 0 {
		return failure(ret, &err)
	}
	return nil
}

// Exec runs a program in the container. As in os/exec an exit status other than 0 comes with an *ExitError; 1 and
// another error: it did not run.
func (ctn *container) Exec(program string, arguments ...string) (int, error) {
	if err := ctn.enter(); err != nil {
		return 1, err
	}
	defer ctn.calls.Done()
	words := append([]string{program}, arguments...)
	argv := (*[1 << 20]*C.char)(C.calloc(C.size_t(len(words)+1), C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	defer C.free(unsafe.Pointer(argv))
	for i, word := range words {
		argv[i] = C.CString(word)
		defer C.free(unsafe.Pointer(argv[i]))
	}
	var exit C.struct_cpod_rt_exit
	var err C.struct_cpod_error
	if ret := C.exec_in_container(ctn.runtime, ctn.c, (**C.char)(unsafe.Pointer(argv)), &exit, &err); ret < 0 {
		return 1, failure(ret, &err)
	}
	return int(exit.code), ended(&exit)
}

// production finds the native runtime.
func production() (*C.struct_cpod_runtime, error) {
	var runtime *C.struct_cpod_runtime
	var err C.struct_cpod_error
	name := C.CString("production")
	defer C.free(unsafe.Pointer(name))
	if ret := C.cpod_runtime_find(name, &runtime, &err); ret < 0 {
		return nil, failure(ret, &err)
	}
	return runtime, nil
}

var made uint64 // containers, for their names

// Bootstrapper makes a container of spec; nothing runs yet. What the spec leaves out gets cpod's defaults. meta is
// handed to the runtime, which does not interpret it.
var Bootstrapper = func(spec oci.Spec, meta map[string]interface{}) (interface{}, error) {
	if spec.Process == nil || len(spec.Process.Args) == 0 {
		return nil, errors.New("the spec names no program")
	}
	process := *spec.Process // the caller's stays as it is
	spec.Process = &process
	if spec.Version == "" {
		spec.Version = oci.Version
	}
	if process.Cwd == "" {
		process.Cwd = "/"
	}
	if meta == nil {
		meta = map[string]interface{}{}
	}
	specJSON, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	metaJSON, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	runtime, err := production()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("go-%d-%d", os.Getpid(), atomic.AddUint64(&made, 1))
	words := []*C.char{C.CString(name), C.CString(string(specJSON)), C.CString(string(metaJSON))}
	for _, word := range words {
		defer C.free(unsafe.Pointer(word))
	}
	ctn := &container{runtime: runtime}
	var failed C.struct_cpod_error
	if ret := C.make_container(runtime, words[0], words[0], words[1], words[2], &ctn.c, &failed); ret < 0 {
		return nil, failure(ret, &failed)
	}
	return ctn, nil
}

func main() {}
