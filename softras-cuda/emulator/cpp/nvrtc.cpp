// An emulated libnvrtc: compiles CUDA C++ with the C++ compiler of the host into a shared library, whose name is the
// "PTX" that the emulated driver loads.

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#define ENTRY extern "C" __attribute__((visibility("default"))) int

namespace {

constexpr int SUCCESS = 0, COMPILATION = 6, INVALID_INPUT = 3;

struct Program {
    std::string source, log, ptx, machine_code;
};

// Where libraries are written, and the file with the emulated language.
std::string folder_, language_;

// What is replaced in the next modules, for tests: a text and another; empty for nothing.
std::string planted_from_, planted_to_;

uint64_t hash(const std::string& text) {
    uint64_t h = 14695981039346656037u;
    for (unsigned char c : text) {
        h = (h ^ c) * 1099511628211u;
    }
    return h;
}

std::string read_all(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

bool is_word(char c) { return isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The text of the entry points by which the driver calls each kernel: `extern "C" __global__ void
// [__launch_bounds__(n)] name(const Type params)`. Returns an error where a kernel is written otherwise.
std::string wrap_kernels(const std::string& source, std::string& why) {
    std::string out;
    for (size_t at = source.find("__global__"); at != std::string::npos; at = source.find("__global__", at + 1)) {
        size_t open = source.find('(', at);
        std::string bound = "1024";
        std::string head = source.substr(at, open - at);
        if (head.find("__launch_bounds__") != std::string::npos) {
            size_t close = source.find(')', open);
            bound = source.substr(open + 1, close - open - 1);
            open = source.find('(', close);
            head = source.substr(close, open - close);
        }
        size_t close = source.find(')', open);
        if (open == std::string::npos || close == std::string::npos) {
            why = "a kernel has no parameters";
            return "";
        }
        size_t end = head.size();
        while (end > 0 && !is_word(head[end - 1])) {
            --end;
        }
        size_t begin = end;
        while (begin > 0 && is_word(head[begin - 1])) {
            --begin;
        }
        std::string name = head.substr(begin, end - begin);
        std::string parameter = source.substr(open + 1, close - open - 1);
        if (parameter.find(',') != std::string::npos || parameter.find("const ") == std::string::npos) {
            why = "kernel " + name + " takes (" + parameter + "), not one constant structure";
            return "";
        }
        std::string type = parameter.substr(parameter.find("const ") + 6);
        type = type.substr(0, type.find(' '));
        out += "extern \"C\" void emulated_run_" + name + "(void* params) { " + name + "(*static_cast<const " + type +
               "*>(params)); }\n";
        out += "extern \"C\" const unsigned long emulated_bytes_" + name + " = sizeof(" + type + ");\n";
        out += "extern \"C\" const unsigned emulated_bound_" + name + " = " + bound + ";\n";
    }
    return out;
}

}  // namespace

// Where to write libraries, and the file to put in front of every module.
extern "C" __attribute__((visibility("default"))) void emulated_set_folder(const char* folder, const char* language) {
    folder_ = folder;
    language_ = language;
}

// For tests: replaces `from` by `to` in every module that is compiled from now on; nothing where it is empty.
extern "C" __attribute__((visibility("default"))) void emulated_plant(const char* from, const char* to) {
    planted_from_ = from;
    planted_to_ = to;
}

ENTRY nvrtcVersion(int* major, int* minor) {
    *major = 12;
    *minor = 0;
    return SUCCESS;
}
ENTRY nvrtcGetNumSupportedArchs(int* count) {
    *count = 2;
    return SUCCESS;
}
ENTRY nvrtcGetSupportedArchs(int* known) {
    known[0] = 75;
    known[1] = 90;
    return SUCCESS;
}
ENTRY nvrtcCreateProgram(Program** program, const char* source, const char*, int, const char**, const char**) {
    *program = new Program{source, "", "", ""};
    return SUCCESS;
}
ENTRY nvrtcDestroyProgram(Program** program) {
    delete *program;
    *program = nullptr;
    return SUCCESS;
}
ENTRY nvrtcCompileProgram(Program* program, int count, const char** options) {
    if (folder_.empty()) {
        program->log = "emulated_set_folder was not called";
        return INVALID_INPUT;
    }
    for (size_t at = 0; !planted_from_.empty() && (at = program->source.find(planted_from_, at)) != std::string::npos;
         at += planted_to_.size()) {
        program->source.replace(at, planted_from_.size(), planted_to_);
    }
    std::string why;
    std::string wrapped = wrap_kernels(program->source, why);
    if (!why.empty()) {
        program->log = why;
        return COMPILATION;
    }
    const char* given = getenv("CXX");
    std::string compiler = given != nullptr && *given != 0 ? given : "c++";
    std::string command = compiler +
                          " -std=c++17 -O2 -fPIC -shared -ffp-contract=off -fno-exceptions -fno-rtti"
                          " -fno-semantic-interposition -Wall -Wextra -Wno-unused-function -Wno-unknown-pragmas";
    bool for_machine = false;
    for (int i = 0; i < count; ++i) {
        for_machine = for_machine || strncmp(options[i], "--gpu-architecture=sm_", 22) == 0;
        if (strncmp(options[i], "-D", 2) == 0) {
            command += " '" + std::string(options[i]) + "'";
        }
    }
    std::string text = read_all(language_) + "\n#line 1 \"module.cu\"\n" + program->source + "\n" + wrapped;
    char name[32];
    snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(hash(command + "\n" + text)));
    std::string base = folder_ + "/" + name;
    std::string library = base + ".so";
    if (access(library.c_str(), R_OK) != 0) {
        // Several threads and processes may compile the same module at once: each under a name of its own.
        static std::atomic<unsigned> count{0};
        std::string own = base + "." + std::to_string(getpid()) + "-" + std::to_string(count++);
        std::ofstream(own + ".cpp") << text;
        std::string full = command + " -o " + own + ".so " + own + ".cpp 2> " + own + ".log";
        int status = system(full.c_str());
        program->log = read_all(own + ".log");
        remove((own + ".log").c_str());
        rename((own + ".cpp").c_str(), (base + ".cpp").c_str());
        // A warning is an error: the card's compiler may see it another way.
        if (status != 0 || !program->log.empty()) {
            return COMPILATION;
        }
        if (rename((own + ".so").c_str(), library.c_str()) != 0) {
            program->log = "cannot write " + library;
            return COMPILATION;
        }
    }
    program->ptx = "// emulated: " + library + "\n";
    program->machine_code = for_machine ? "// emulated machine code: " + library + "\n" : "";
    return SUCCESS;
}
ENTRY nvrtcGetPTXSize(Program* program, size_t* size) {
    *size = program->ptx.size() + 1;
    return SUCCESS;
}
ENTRY nvrtcGetPTX(Program* program, char* ptx) {
    memcpy(ptx, program->ptx.c_str(), program->ptx.size() + 1);
    return SUCCESS;
}
ENTRY nvrtcGetCUBINSize(Program* program, size_t* size) {
    *size = program->machine_code.empty() ? 0 : program->machine_code.size() + 1;
    return SUCCESS;
}
ENTRY nvrtcGetCUBIN(Program* program, char* code) {
    memcpy(code, program->machine_code.c_str(), program->machine_code.empty() ? 0 : program->machine_code.size() + 1);
    return SUCCESS;
}
ENTRY nvrtcGetProgramLogSize(Program* program, size_t* size) {
    *size = program->log.size() + 1;
    return SUCCESS;
}
ENTRY nvrtcGetProgramLog(Program* program, char* log) {
    memcpy(log, program->log.c_str(), program->log.size() + 1);
    return SUCCESS;
}
