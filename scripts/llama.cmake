# Read by CMake after each project() of llama-cpp-python's build (CMAKE_PROJECT_INCLUDE).
# The package forces llama.cpp's command-line library into its build; nothing in Python loads it, and it is a quarter of the work.
# A plain variable hides the forced cache entry.
set(LLAMA_BUILD_COMMON OFF)
