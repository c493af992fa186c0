#!/usr/bin/env python3
"""A pod in the event loop of a Python program:

    python3 examples/python/embed.py examples/hello.yaml

Tells the pod's events and shows its containers' output, while a clock of the program's own ticks in the same loop. The
pod is stopped by Ctrl-C, or when the standard input ends.
"""

import asyncio
import os
import signal
import sys

import cpod


async def main(path):
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    read_fd, write_fd = os.pipe()   # the containers' output

    def on_event(event):
        print("event:", *(word for word in event if word is not None and word != ""), flush=True)

    def on_output():
        for line in os.read(read_fd, 65536).decode(errors="replace").splitlines():
            print("output:", line, flush=True)

    with cpod.Pod(path, on_event=on_event, stdio=lambda container: (-1, write_fd, write_fd)) as pod:

        def on_pod():
            pod.dispatch()
            if pod.ended():
                loop.remove_reader(pod.fileno())
                over.set()

        def on_input():
            if not os.read(0, 4096):
                loop.remove_reader(0)
                pod.stop(1)

        pod.start()
        loop.add_reader(pod.fileno(), on_pod)
        loop.add_reader(read_fd, on_output)
        loop.add_reader(0, on_input)
        loop.add_signal_handler(signal.SIGINT, pod.stop)
        ticks = 0
        while not over.is_set():
            try:
                await asyncio.wait_for(over.wait(), 0.1)
            except asyncio.TimeoutError:
                ticks += 1
        print(f"{pod.name} has ended after {ticks} ticks", flush=True)
    os.set_blocking(read_fd, False)
    try:
        on_output()
    except BlockingIOError:
        pass


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: embed.py FILE")
    try:
        asyncio.run(main(sys.argv[1]))
    except cpod.CpodError as error:
        sys.exit(str(error))
