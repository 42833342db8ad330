// Running one grid.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct EmulatedDevice;

namespace emulated {

// A kernel of a module that was loaded.
struct Kernel {
    std::string name;
    void (*run)(void* params) = nullptr;
    size_t params_bytes = 0;
    unsigned most_threads = 1024;  // of __launch_bounds__
    void (*bind)(EmulatedDevice* device) = nullptr;
    char* shared_begin = nullptr;
    char* shared_end = nullptr;
};

struct Size {
    unsigned x, y, z;
};

// What is wrong with a launch; empty if nothing is.
struct Outcome {
    int error = 0;
    std::string why;
};

// Runs every block of the grid on a device, in its order of threads and blocks.
Outcome launch(const Kernel& kernel, Size blocks, Size threads, const std::vector<char>& params, int device);

}  // namespace emulated
