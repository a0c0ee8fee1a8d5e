// truth: unsafe: a crash handler demangles the name of the exception's type, which allocates
#include "corpus.h"
#include <cxxabi.h>
#include <typeinfo>
static const std::type_info *volatile last = &typeid(int);
static void handler(int sig)
{
    int status = 0;
    char *name = abi::__cxa_demangle(last->name(), nullptr, nullptr, &status);
    if (name)
        write(2, name, strlen(name));
    signal(sig, SIG_DFL);
    raise(sig);
}
int main() { INSTALL(SIGABRT, handler); for (;;) pause(); }
