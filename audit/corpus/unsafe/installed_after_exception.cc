// truth: unsafe: where an exception is caught, another handler is installed, which allocates
#include <csignal>
#include <iostream>
#include <string>
#include <unistd.h>
static volatile std::sig_atomic_t stop;
static std::string *note;
static void good(int s) { stop = s; }
static void bad(int s) { note = new std::string(static_cast<size_t>(s), 'x'); }
int main(int argc, char **argv) {
    std::signal(SIGINT, good);
    try {
        std::cout << std::stoi(argc > 1 ? argv[1] : "1") << '\n';
    } catch (const std::exception &e) {
        std::signal(SIGTERM, bad);
    }
    while (!stop) pause();
    return note != nullptr;
}
