"""A client generated from the engine's OpenAPI file: a walk through what applications use."""

import os
import tempfile

import generic_camunda_client as camunda

configuration = camunda.Configuration(host=os.environ["ENGINE_URL"])
TENANT = os.environ["TENANT"]

with camunda.ApiClient(configuration, "Authorization", "Bearer " + os.environ["TOKEN"]) as client:
    assert camunda.VersionApi(client).get_rest_api_version().version.startswith("7.")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "order.bpmn")
        with open(path, "w", encoding="utf-8") as file:
            file.write(os.environ["MODEL"])
        deployed = camunda.DeploymentApi(client).create_deployment(
            deployment_name="generated", deployment_source="python", data=path
        )
    assert deployed.tenant_id == TENANT, deployed
    definitions = camunda.ProcessDefinitionApi(client)
    found = definitions.get_process_definitions(key="order", sort_by="key", sort_order="asc")
    assert [d.tenant_id for d in found] == [TENANT], found
    started = definitions.start_process_instance_by_key(
        "order",
        start_process_instance_dto=camunda.StartProcessInstanceDto(
            business_key="generated",
            variables={"n": camunda.VariableValueDto(value=1e2, type="Double")},
        ),
    )
    assert started.tenant_id == TENANT, started
    tasks = camunda.TaskApi(client)
    query = camunda.TaskQueryDto(process_instance_id=started.id)
    (task,) = tasks.query_tasks(first_result=0, max_results=5, task_query_dto=query)
    variables = camunda.TaskVariableApi(client).get_task_variables(task.id)
    assert variables["n"].value == 100.0, variables
    comment = camunda.CommentDto(message="Grüße")
    camunda.TaskCommentApi(client).create_comment(task.id, comment_dto=comment)
    tasks.claim(task.id, user_id_dto=camunda.UserIdDto(user_id="clerk"))
    tasks.complete(task.id, complete_task_dto=camunda.CompleteTaskDto(with_variables_in_return=True))
    external = camunda.ExternalTaskApi(client)
    locked = external.fetch_and_lock(
        fetch_external_tasks_dto=camunda.FetchExternalTasksDto(
            worker_id="generated",
            max_tasks=10,
            topics=[camunda.FetchExternalTaskTopicDto(topic_name="ship", lock_duration=60000)],
        )
    )
    mine = [t for t in locked if t.process_instance_id == started.id]
    assert len(mine) == 1 and all(t.tenant_id == TENANT for t in locked), locked
    external.complete_external_task_resource(
        mine[0].id, complete_external_task_dto=camunda.CompleteExternalTaskDto(worker_id="generated")
    )
    past = camunda.HistoricProcessInstanceApi(client).get_historic_process_instance(started.id)
    assert past.state == "COMPLETED", past
    try:
        tasks.get_task("none-such")
        raise AssertionError("a task that never existed was found")
    except camunda.ApiException as e:
        assert e.status == 404, e
print("END", flush=True)
