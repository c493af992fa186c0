"""libcpod for Python, through ctypes: pods that live in the event loop of a Python program.

    pod = cpod.Pod("hello.yaml", on_event=print)
    pod.start()
    loop.add_reader(pod.fileno(), pod.dispatch)         # asyncio; or selectors, or pod.run()

The structures are those of cpod/cpod.h and cpod/runtime.h, as far as they are needed here. Those that begin with `size`
may end early: the library reads no member beyond what size says. LIBCPOD in the environment names another
libcpod.so.0 than the installed one. Run this file to see the sizes of the structures.
"""

import ctypes as c
import os

STATES = ("started", "healthy", "failing", "terminal", "finished", "failed")
PHASES = ("pending", "running", "succeeded", "failed")


class Error(c.Structure):
    """struct cpod_error"""
    _fields_ = [("code", c.c_int32), ("message", c.c_char * 1020)]


class Exit(c.Structure):
    """struct cpod_rt_exit"""
    _fields_ = [("code", c.c_int32), ("signal", c.c_int32), ("flags", c.c_uint32), ("reserved", c.c_uint32)]


class LoadOptions(c.Structure):
    """struct cpod_load_options"""
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p), ("flags", c.c_uint32), ("warn", c.c_void_p), ("data", c.c_void_p)]


class Event(c.Structure):
    """struct cpod_event"""
    _fields_ = [("size", c.c_size_t), ("type", c.c_int), ("container", c.c_char_p), ("state", c.c_int), ("value", c.c_uint32),
                ("exit", Exit), ("message", c.c_char_p)]


EVENT_FUNCTION = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Event))
STDIO_FUNCTION = c.CFUNCTYPE(None, c.c_void_p, c.c_char_p, c.POINTER(c.c_int32))
DONE_FUNCTION = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Exit), c.POINTER(Error))


class PodOptions(c.Structure):
    """struct cpod_pod_options, up to data"""
    _fields_ = [("size", c.c_size_t), ("runtime", c.c_void_p), ("state_dir", c.c_char_p), ("cgroup_parent", c.c_char_p),
                ("event", EVENT_FUNCTION), ("stdio", STDIO_FUNCTION), ("data", c.c_void_p)]


class ExecOptions(c.Structure):
    """struct cpod_exec_options, up to data"""
    _fields_ = [("size", c.c_size_t), ("argv", c.POINTER(c.c_char_p)), ("stdio_fd", c.c_int32 * 3), ("done", DONE_FUNCTION),
                ("data", c.c_void_p)]


class CpodError(Exception):
    """What a call of the library failed with. errno is a code of the errno module."""

    def __init__(self, error):
        super().__init__(error.message.decode())
        self.errno = error.code


lib = c.CDLL(os.environ.get("LIBCPOD", "libcpod.so.0"))
lib.cpod_version.restype = c.c_char_p
lib.cpod_spec_name.restype = c.c_char_p
for function, types in {
        "cpod_spec_name": [c.c_void_p],
        "cpod_spec_destroy": [c.c_void_p],
        "cpod_spec_load": [c.c_char_p, c.c_void_p, c.POINTER(c.c_void_p), c.POINTER(Error)],
        "cpod_runtime_find": [c.c_char_p, c.POINTER(c.c_void_p), c.POINTER(Error)],
        "cpod_pod_create": [c.c_void_p, c.POINTER(PodOptions), c.POINTER(c.c_void_p), c.POINTER(Error)],
        "cpod_pod_destroy": [c.c_void_p],
        "cpod_pod_start": [c.c_void_p, c.POINTER(Error)],
        "cpod_pod_fd": [c.c_void_p],
        "cpod_pod_dispatch": [c.c_void_p, c.POINTER(Error)],
        "cpod_pod_run": [c.c_void_p, c.POINTER(Error)],
        "cpod_pod_ended": [c.c_void_p],
        "cpod_pod_healthy": [c.c_void_p],
        "cpod_pod_kill": [c.c_void_p, c.c_char_p, c.c_int, c.POINTER(Error)],
        "cpod_pod_stop": [c.c_void_p, c.c_int64, c.POINTER(Error)],
        "cpod_pod_exec": [c.c_void_p, c.c_char_p, c.POINTER(ExecOptions), c.POINTER(c.c_void_p), c.POINTER(Error)],
}.items():
    getattr(lib, function).argtypes = types


def call(name, *args):
    """Calls a function of the library that returns 0 or a negative errno and takes an error last."""
    error = Error()
    if getattr(lib, name)(*args, c.byref(error)) < 0:
        raise CpodError(error)


def describe(event):
    """An event as (type, container or None, what it tells)."""
    container = event.container.decode() if event.container else None
    message = event.message.decode() if event.message else ""
    if event.type == 0:
        return "started", container, ""
    if event.type == 1:
        return "state", container, STATES[event.state]
    if event.type == 2:
        return "exited", container, message or "exit status 0"
    if event.type == 3:
        return "error", container, message
    if event.type == 4:
        return "healthy", container, bool(event.value)
    if event.type == 5:
        return "ended", container, event.value == 0
    return "other", container, message


class Pod:
    """A pod from a file. All calls for one pod come from one thread. Use it in a with statement, or close() it."""

    def __init__(self, path, on_event=None, stdio=None, runtime="production"):
        """on_event is called with the tuple of describe(); stdio(container) returns three descriptors, -1 for /dev/null."""
        self._pod, self._on_event, self._stdio, self._execs = c.c_void_p(), on_event, stdio, {}
        # ctypes' callbacks live as long as the objects here: the library keeps only their addresses.
        self._event_function = EVENT_FUNCTION(self._event)
        self._stdio_function = STDIO_FUNCTION(self._fill_stdio)
        spec, table = c.c_void_p(), c.c_void_p()
        call("cpod_runtime_find", os.fsencode(runtime), c.byref(table))
        call("cpod_spec_load", os.fsencode(path), None, c.byref(spec))
        try:
            self.name = lib.cpod_spec_name(spec).decode()
            options = PodOptions(c.sizeof(PodOptions), table, None, None, self._event_function, self._stdio_function, None)
            call("cpod_pod_create", spec, c.byref(options), c.byref(self._pod))
        finally:
            lib.cpod_spec_destroy(spec)

    def _event(self, _data, event):
        if self._on_event:
            self._on_event(describe(event.contents))

    def _fill_stdio(self, _data, container, fds):
        if self._stdio:
            for i, fd in enumerate(self._stdio(container.decode())):
                fds[i] = fd

    def start(self):
        call("cpod_pod_start", self._pod)

    def fileno(self):
        """Readable when dispatch() has something to do."""
        return lib.cpod_pod_fd(self._pod)

    def dispatch(self):
        """Does what is due; does not block."""
        call("cpod_pod_dispatch", self._pod)

    def run(self):
        """For programs without an event loop: until every container has ended."""
        call("cpod_pod_run", self._pod)

    def ended(self):
        return bool(lib.cpod_pod_ended(self._pod))

    def healthy(self):
        return bool(lib.cpod_pod_healthy(self._pod))

    def kill(self, container=None, signal=9):
        call("cpod_pod_kill", self._pod, container.encode() if container else None, signal)

    def stop(self, grace=None):
        """Begins the end; grace in seconds, None: the spec's."""
        call("cpod_pod_stop", self._pod, -1 if grace is None else int(grace * 1000))

    def exec(self, container, argv, done):
        """Runs a program in a container; done(code, error) is called from dispatch, with error None if it ran."""
        key = object()

        def finished(_data, end, error):
            del self._execs[id(key)]
            done(end.contents.code, CpodError(error.contents) if error else None)

        words = (c.c_char_p * (len(argv) + 1))(*[os.fsencode(word) for word in argv], None)
        options = ExecOptions(c.sizeof(ExecOptions), words, (-1, -1, -1), DONE_FUNCTION(finished), None)
        self._execs[id(key)] = (key, options)
        try:
            call("cpod_pod_exec", self._pod, container.encode(), c.byref(options), None)
        except CpodError:
            del self._execs[id(key)]
            raise

    def close(self):
        """Kills what still runs, waits for it, and releases everything."""
        lib.cpod_pod_destroy(self._pod)
        self._pod = c.c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


if __name__ == "__main__":
    for structure in (Error, Exit, LoadOptions, Event, PodOptions, ExecOptions):
        print(structure.__doc__.split()[1].rstrip(","), c.sizeof(structure))
