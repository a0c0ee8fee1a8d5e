// truth: safe: a class without virtual functions keeps errno and wakes a poll by an eventfd; the descriptor is a static member
#include "corpus.h"
#include <cstdint>
#include <sys/eventfd.h>
namespace {
class Wake {
public:
    static void open() { descriptor = eventfd(0, EFD_NONBLOCK); }
    static void on_signal(int) noexcept
    {
        Keep keep;
        const std::uint64_t one = 1;
        if (descriptor >= 0 && ::write(descriptor, &one, sizeof one) != sizeof one)
            missed = 1;
    }

private:
    struct Keep {
        int saved = errno;
        ~Keep() { errno = saved; }
    };
    static int descriptor;
    static volatile sig_atomic_t missed;
};
int Wake::descriptor = -1;
volatile sig_atomic_t Wake::missed = 0;
}
int main()
{
    Wake::open();
    struct sigaction action {};
    action.sa_handler = &Wake::on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGHUP, &action, nullptr);
    for (;;)
        pause();
}
