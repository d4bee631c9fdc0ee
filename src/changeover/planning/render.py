def sentence(step, change):
    return step.kind
