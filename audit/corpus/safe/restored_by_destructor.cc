// truth: safe: an object installs a handler and puts the old one back when it is destroyed, also after an exception
#include <cerrno>
#include <csignal>
#include <iostream>
#include <string>
#include <system_error>
static volatile std::sig_atomic_t stop;
extern "C" void handler(int s) { stop = s; }
class Scope {
    int signal_;
    struct sigaction old_ {};
public:
    Scope(int s, void (*f)(int)) : signal_(s) {
        struct sigaction sa {};
        sa.sa_handler = f;
        if (sigaction(s, &sa, &old_) != 0) throw std::system_error(errno, std::generic_category(), "signal " + std::to_string(s));
    }
    Scope(const Scope &) = delete;
    ~Scope() { sigaction(signal_, &old_, nullptr); }
};
int main() {
    try {
        Scope interrupt(SIGINT, handler), terminate(SIGTERM, handler);
        std::string line;
        while (!stop && std::getline(std::cin, line)) std::cout << line.substr(1) << '\n';
    } catch (const std::exception &e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
    return 0;
}
