execution.processEngineServices.runtimeService.createVariableInstanceQuery().variableName('vault').singleResult().value == 'vault of modelB1'
