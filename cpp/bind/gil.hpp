// What runs without the GIL, also while the interpreter is being left.
#pragma once

#include <chrono>
#include <thread>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include <pybind11/pybind11.h>

namespace shrinkage::bind {

/// Releases the GIL for its scope. An interpreter that is being left ends a daemon thread that asks
/// for the GIL by pthread_exit, which glibc runs as an exception: out of a destructor it would
/// abort the process. Such a thread sleeps until the process ends, as Python 3.14 has it.
class ReleasedGil {
public:
    ReleasedGil() : state_(PyEval_SaveThread()) {}
    ReleasedGil(const ReleasedGil&) = delete;
    ReleasedGil& operator=(const ReleasedGil&) = delete;

    ~ReleasedGil() {
#if defined(__GLIBCXX__)
        try {
            PyEval_RestoreThread(state_);
        } catch (const abi::__forced_unwind&) {
            while (true) std::this_thread::sleep_for(std::chrono::hours(1));
        }
#else
        PyEval_RestoreThread(state_);
#endif
    }

private:
    PyThreadState* state_;
};

}  // namespace shrinkage::bind
