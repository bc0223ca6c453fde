#!/usr/bin/env python3
"""Adds latency to a server on loopback: passes bytes on at once, and what comes back later.

  relay.py PORT SERVER-PORT MILLISECONDS"""
import asyncio
import selectors
import sys


class Late(asyncio.Protocol):
    """The server's side: what it says reaches the client when its time has come."""

    def __init__(self, client, delay):
        self.client, self.delay, self.transport = client, delay, None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        asyncio.get_running_loop().call_later(self.delay, self.client.write, data)

    def connection_lost(self, _error):
        self.client.close()


class Relay(asyncio.Protocol):
    """The client's side. What it says before the server is connected is kept until then."""

    def __init__(self, server_port, delay):
        self.server_port, self.delay = server_port, delay
        self.server, self.early, self.connecting = None, [], None

    def connection_made(self, transport):
        loop = asyncio.get_running_loop()
        self.connecting = loop.create_task(
            loop.create_connection(lambda: Late(transport, self.delay), "127.0.0.1", self.server_port))
        self.connecting.add_done_callback(self.connected)

    def connected(self, task):
        self.server, _ = task.result()
        for data in self.early:
            self.server.write(data)

    def data_received(self, data):
        if self.server is None:
            self.early.append(data)
        else:
            self.server.write(data)

    def connection_lost(self, _error):
        if self.server is not None:
            self.server.close()


async def main(port, server_port, milliseconds):
    server = await asyncio.get_running_loop().create_server(lambda: Relay(server_port, milliseconds / 1000), "127.0.0.1",
                                                            port)
    await server.serve_forever()


# The selector that asyncio takes by itself waits for whole milliseconds, always for longer than it is told.
asyncio.SelectorEventLoop(selectors.SelectSelector()).run_until_complete(main(*map(int, sys.argv[1:4])))
