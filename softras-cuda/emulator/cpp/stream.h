// Streams, events and graphs: commands wait in their stream until somebody waits for them.
//
// A card may run a command long after it was given. So commands are kept, and run when the host waits; a command that
// a host never waited for, or a stream that never waited for another, is then seen to have done nothing yet.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "launch.h"

namespace emulated {

struct Event {
    uint64_t recorded = 0;  // how often it was given to a stream
    uint64_t reached = 0;   // how many of those a stream has come to
    struct Stream* stream = nullptr;
    double seconds = 0.0;  // when a stream last came to it, by the clock of the host
};

struct Command {
    std::function<Outcome()> run;
    // A wait for an event, or a record of one.
    std::shared_ptr<Event> waits, records;
    uint64_t at = 0;
};

struct Graph {
    std::vector<Command> commands;
};

struct Stream {
    std::deque<Command> commands;
    std::shared_ptr<Graph> capture;
    bool broken_capture = false;
};

// Runs all that `stream` holds, and what that waits for in others.
Outcome drain(Stream& stream);
// Runs what `event` waits for.
Outcome drain_event(Event& event);

}  // namespace emulated
